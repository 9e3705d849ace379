import { describe, expect, it } from '@jest/globals';
import { gvk, refKey, type KubeObject } from '../values/kube-object.ts';
import { afterChanges, create, remove, replaceIfChanged } from './changes.ts';

const kind = gvk('memory.sluice.dev/v1', 'Route', 'routes');
const ref = (name: string) => ({ gvk: kind, namespace: 'shop', name });
const route = (name: string, spec: KubeObject['spec'], uid?: string): KubeObject => ({
  apiVersion: 'memory.sluice.dev/v1',
  kind: 'Route',
  metadata: { name, namespace: 'shop', ...(uid === undefined ? {} : { uid }) },
  ...(spec === undefined ? {} : { spec }),
});

describe('replaceIfChanged', () => {
  it.each([
    ['the same', { a: 1, b: [1, { c: null }] }, { a: 1, b: [1, { c: null }] }, 0],
    ['another order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, 0],
    ['a key that is undefined', { a: 1 }, { a: 1, b: undefined }, 0],
    ['another order of a list', { a: [1, 2] }, { a: [2, 1] }, 1],
    ['null for nothing', { a: null }, {}, 1],
    ['an empty map for nothing', { a: {} }, {}, 1],
    ['a text for a number', { a: 1 }, { a: '1' }, 1],
  ])('%s', (_case, before, after, changes) => {
    const body = route('a', after);
    const found = replaceIfChanged(ref('a'), route('a', before), body, 'test');
    expect(found).toEqual(changes === 0 ? [] : [{ op: 'replace', ref: ref('a'), body, because: 'test' }]);
  });
});

describe('remove', () => {
  it('spares a namesake of what was seen', () =>
    expect(remove(ref('a'), route('a', {}, 'seen'), 'test')).toEqual({
      op: 'remove',
      ref: ref('a'),
      uid: 'seen',
      because: 'test',
    }));

  it('has nothing to go by where nothing was stored', () =>
    expect(remove(ref('a'), route('a', {}), 'test')).toEqual({ op: 'remove', ref: ref('a'), because: 'test' }));
});

describe('afterChanges', () => {
  it('is what the API server would hold, in order, and leaves what it was given alone', () => {
    const live = new Map([[refKey(ref('a')), route('a', { n: 1 })]]);
    const after = afterChanges(live, [
      create(ref('b'), route('b', { n: 2 }), 'test'),
      { op: 'replace', ref: ref('a'), body: route('a', { n: 3 }), because: 'test' },
      create(ref('c'), route('c', {}), 'test'),
      remove(ref('c'), route('c', {}), 'test'),
    ]);
    expect([...after.values()]).toEqual([route('a', { n: 3 }), route('b', { n: 2 })]);
    expect([...live.values()]).toEqual([route('a', { n: 1 })]);
  });
});
