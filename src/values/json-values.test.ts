import { describe, expect, it } from '@jest/globals';
import { replaceAt } from './json-values.ts';

const root = {
  spec: {
    http: [
      { name: 'a', route: [1] },
      { name: 'b', route: [2] },
    ],
    tcp: [{ route: [3] }],
  },
  kind: 'x',
};

describe('values are replaced at their paths', () => {
  it('several at once, and what is not on their way is not copied', () => {
    const next = replaceAt(root, [
      { path: ['spec', 'http', 1, 'route'], value: 'new' },
      { path: ['spec', 'tcp', 0, 'route'], value: ['newer'] },
    ]);
    expect(next).toEqual({
      spec: {
        http: [
          { name: 'a', route: [1] },
          { name: 'b', route: 'new' },
        ],
        tcp: [{ route: ['newer'] }],
      },
      kind: 'x',
    });
    expect(next.spec.http[0]).toBe(root.spec.http[0]);
    expect(Object.keys(next)).toEqual(['spec', 'kind']);
  });

  it.each<[string, readonly (string | number)[]]>([
    ['a field that is not there', ['spec', 'tls', 0]],
    ['an item past the end', ['spec', 'http', 7, 'route']],
    ['a step into a text', ['kind', 'x']],
  ])('and nothing changes at %s', (_case, path) => {
    expect(replaceAt(root, [{ path, value: 'new' }])).toEqual(root);
  });

  it('none, and it is the same value', () => expect(replaceAt(root, [])).toBe(root));
});
