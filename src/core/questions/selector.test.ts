import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Labels } from '../../values/kube-object.ts';
import { selects, uniteSelectors, type Allowed, type Selector } from './selector.ts';

describe('a selector as a test of labels', () => {
  const web = selects({ metric: 'm', where: { ns: { values: ['shop'] }, app: { values: ['web', 'api'] } } });
  it.each([
    ['everything fits', { __name__: 'm', ns: 'shop', app: 'web' }, true],
    ['the other value', { __name__: 'm', ns: 'shop', app: 'api' }, true],
    ['another metric', { __name__: 'n', ns: 'shop', app: 'web' }, false],
    ['another namespace', { __name__: 'm', ns: 'test', app: 'web' }, false],
    ['a longer value', { __name__: 'm', ns: 'shop', app: 'web-canary' }, false],
    ['a missing label', { __name__: 'm', ns: 'shop' }, false],
  ])('%s', (_case, labels, expected) => expect(web(labels)).toBe(expected));

  it.each([
    ['takes a value literally', { values: ['a.b'] }, 'axb', false],
    ['matches a pattern against the whole value', { patterns: ['web-[bc]+'] }, 'web-bcb', true],
    ['does not match a pattern against a part', { patterns: ['web-[bc]+'] }, 'web-bcb-x', false],
    ['matches any of several patterns as a whole', { patterns: ['a', 'b|c'] }, 'xc', false],
    ['takes a missing label for an empty value', { values: [''] }, undefined, true],
    ['means nothing where nothing is allowed', {}, '', false],
  ])('%s', (_case, allowed, value, expected) => {
    const labels: Labels = { __name__: 'm', ...(value === undefined ? {} : { a: value }) };
    expect(selects({ metric: 'm', where: { a: allowed } })(labels)).toBe(expected);
  });
});

describe('several selectors as one', () => {
  const allowed: fc.Arbitrary<Allowed> = fc.record(
    {
      values: fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 2 }),
      patterns: fc.array(fc.constantFrom('a+', 'b[ab]'), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['values'] },
  );
  const selector: fc.Arbitrary<Selector> = fc
    .record({ x: allowed, y: allowed })
    .map((where) => ({ metric: 'm', where }));

  it('mean whatever one of them means', () =>
    fc.assert(
      fc.property(
        fc.array(selector, { minLength: 1, maxLength: 4 }),
        fc.record({ x: fc.constantFrom('a', 'b', 'ab', 'aa', 'ba', 'c'), y: fc.constantFrom('a', 'b', 'bb', '') }),
        ([first, ...others], labels) => {
          const named = { __name__: 'm', ...labels };
          const isMeant = [first!, ...others].some((one) => selects(one)(named));
          if (isMeant) expect(selects(uniteSelectors(first!, others))(named)).toBe(true);
        },
      ),
    ));

  it('are itself, if it is one', () => {
    const one: Selector = { metric: 'm', where: { a: { values: ['x', 'y'] }, b: { patterns: ['z+'] } } };
    expect(uniteSelectors(one, [])).toEqual(one);
    expect(uniteSelectors(one, [one])).toEqual(one);
  });

  it('name every value and pattern once', () =>
    expect(
      uniteSelectors({ metric: 'm', where: { a: { values: ['x'] } } }, [
        { metric: 'm', where: { a: { values: ['y', 'x'], patterns: ['z+'] } } },
        { metric: 'm', where: { a: { patterns: ['z+'] } } },
      ]),
    ).toEqual({ metric: 'm', where: { a: { values: ['x', 'y'], patterns: ['z+'] } } }));
});
