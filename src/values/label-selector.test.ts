import { describe, expect, test } from '@jest/globals';
import { labelMatcher, labelQuery } from './label-selector.ts';

describe('a selector', () => {
  test.each([
    ['', { app: 'web' }, true],
    ['', undefined, true],
    ['app=web', { app: 'web' }, true],
    ['app == web', { app: 'web' }, true],
    ['app=web', { app: 'api' }, false],
    ['app=web', undefined, false],
    ['app=', { app: '' }, true],
    ['app!=web', { app: 'api' }, true],
    ['app!=web', {}, true],
    ['app!=web', { app: 'web' }, false],
    ['tier in (a, b)', { tier: 'b' }, true],
    ['tier in (a,b)', { tier: 'c' }, false],
    ['tier in (a,b)', {}, false],
    ['tier notin (a,b)', { tier: 'c' }, true],
    ['tier notin (a,b)', {}, true],
    ['tier notin (a,b)', { tier: 'a' }, false],
    ['sluice.dev/release', { 'sluice.dev/release': 'web-1' }, true],
    ['sluice.dev/release', {}, false],
    ['!legacy', {}, true],
    ['!legacy', { legacy: 'yes' }, false],
    ['app=web,tier in (a,b),!legacy', { app: 'web', tier: 'a' }, true],
    ['app=web,tier in (a,b),!legacy', { app: 'web', tier: 'a', legacy: '' }, false],
  ])('"%s" on %j: %s', (selector, labels, expected) => expect(labelMatcher(selector)(labels)).toBe(expected));

  test.each(['app=web,(x', 'app in a,b)', ',', 'a b', 'in (a)'])('"%s" is refused', (nonsense) =>
    expect(() => labelMatcher(nonsense)).toThrow('label selector'),
  );
});

test('labels as a query', () => expect(labelQuery({ app: 'web', tier: 'a' })).toBe('app=web,tier=a'));
