import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from './kube-object.ts';
import { canonicalJson } from '../core/template/canonical-json.ts';
import { sameJson } from './same-json.ts';

describe('the same JSON', () => {
  it.each<[Json | undefined, Json | undefined, boolean]>([
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1 }, false],
    [{ a: 1 }, { b: 1 }, false],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [[], {}, false],
    [{}, [], false],
    [null, {}, false],
    [null, null, true],
    [undefined, null, false],
    ['1', 1, false],
    [{ a: undefined }, { b: 1 }, false],
    [JSON.parse('{"__proto__":{}}') as Json, { y: 1 }, false],
    [{ constructor: 'x' }, {}, false],
  ])('%j and %j: %j', (a, b, same) => expect(sameJson(a, b)).toBe(same));

  it('has one canonical text', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    // Small alphabets, so that equal and nearly equal values are frequent.
    const near = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<Json>(null, 0, 'x', [], {}),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'labels', '__proto__', '1', '02'), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.oneof(value as fc.Arbitrary<Json>, near), fc.oneof(value as fc.Arbitrary<Json>, near), (a, b) => {
        // Only as a key; as a text it is like any other.
        const keyed = JSON.stringify(a).includes('"__proto__":');
        expect(sameJson(a, JSON.parse(JSON.stringify(a)) as Json)).toBe(!keyed);
        if (sameJson(a, b)) expect(canonicalJson(a)).toBe(canonicalJson(b));
      }),
      { numRuns: 500 },
    );
  });
});
