import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject } from '../values/kube-object.ts';
import { ObjectStore } from './object-store.ts';

const anObject = (
  name: string,
  version: number | string,
  rest: Pick<KubeObject['metadata'], 'uid' | 'labels'> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: String(version), ...rest },
});

const aStore = (selects?: (object: KubeObject) => boolean): { store: ObjectStore; changes: string[] } => {
  const changes: string[] = [];
  const store = new ObjectStore({
    emit: ({ type, object: { metadata }, before }) =>
      changes.push(
        `${type} ${metadata.name}@${metadata.resourceVersion ?? ''}` +
          (before === undefined ? '' : ` after ${before.metadata.resourceVersion ?? ''}`),
      ),
    ...(selects !== undefined && { selects }),
  });
  return { store, changes };
};

const versions = (store: ObjectStore): string[] =>
  store.list().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ''}`);

describe('lists', () => {
  test('a relist emits the difference only', () => {
    const { store, changes } = aStore();
    store.beginList();
    store.replace([anObject('a', 1), anObject('b', 2), anObject('c', 3)], '3');
    changes.length = 0;
    store.beginList();
    store.replace([anObject('a', 1), anObject('b', 5), anObject('d', 6)], '6');
    expect(changes).toEqual(['removed c@3', 'set b@5 after 2', 'set d@6']);
  });

  test('an object that was deleted and made again in between is removed and set', () => {
    const { store, changes } = aStore();
    store.replace([anObject('a', 1, { uid: 'old' })], '1');
    changes.length = 0;
    store.replace([anObject('a', 5, { uid: 'new' })], '6');
    expect(changes).toEqual(['removed a@1', 'set a@5']);
  });

  test('what was written while the list was under way stays', () => {
    const { store } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.beginList();
    store.written(anObject('a', 7));
    store.written(anObject('b', 8));
    store.replace([anObject('a', 1)], '5');
    expect(versions(store)).toEqual(['a@7', 'b@8']);
  });

  test('after a restored backup the list counts, although its versions are lower', () => {
    const { store } = aStore();
    store.replace([anObject('a', 50), anObject('b', 51)], '60');
    store.written(anObject('a', 70));
    store.beginList();
    store.replace([anObject('a', 20)], '30');
    expect(versions(store)).toEqual(['a@20']);
  });

  test('an object that a write removed while the list was under way does not come back', () => {
    const { store, changes } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.beginList();
    store.gone('shop', 'a', 'uid-a');
    store.replace([anObject('a', 1)], '5');
    expect(versions(store)).toEqual([]);
    expect(changes).toEqual(['set a@1', 'removed a@1']);
  });
});

describe('own writes', () => {
  test('are visible at once and their echo is not news', () => {
    const { store, changes } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.written(anObject('a', 2));
    expect(versions(store)).toEqual(['a@2']);
    store.observe('2', 'set', anObject('a', 2));
    expect(changes).toEqual(['set a@1', 'set a@2 after 1']);
  });

  test('are not undone by an older event that arrives later', () => {
    const { store } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.written(anObject('a', 3));
    store.observe('2', 'set', anObject('a', 2));
    expect(versions(store)).toEqual(['a@3']);
  });

  test('are ignored when their answer comes after a newer event', () => {
    const { store } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.observe('3', 'set', anObject('a', 3));
    store.written(anObject('a', 2));
    expect(versions(store)).toEqual(['a@3']);
  });

  test('do not bring back what the watch has already reported as removed', () => {
    const { store } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.observe('3', 'removed', anObject('a', 3));
    store.written(anObject('a', 2));
    expect(versions(store)).toEqual([]);
  });

  test('a new object survives the late removal of its predecessor', () => {
    const { store, changes } = aStore();
    store.replace([anObject('a', 1, { uid: 'old' })], '1');
    store.written(anObject('a', 5, { uid: 'new' }));
    store.observe('4', 'removed', anObject('a', 4, { uid: 'old' }));
    expect(versions(store)).toEqual(['a@5']);
    expect(changes).toEqual(['set a@1', 'removed a@1', 'set a@5']);
  });

  test('a removed object stays away although older events of it are still coming', () => {
    const { store, changes } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.gone('shop', 'a', 'uid-a');
    store.observe('2', 'set', anObject('a', 2));
    store.observe('3', 'removed', anObject('a', 3));
    store.observe('9', 'set', anObject('a', 9, { uid: 'next' }));
    expect(changes).toEqual(['set a@1', 'removed a@1', 'set a@9']);
  });

  test('removing an object that is not the cached one changes nothing', () => {
    const { store } = aStore();
    store.replace([anObject('a', 1)], '1');
    store.gone('shop', 'a', 'another');
    expect(versions(store)).toEqual(['a@1']);
  });

  test('an object that is not selected is not kept, and one that is no longer selected goes', () => {
    const { store, changes } = aStore(({ metadata }) => metadata.labels?.['mine'] === 'yes');
    store.replace([anObject('a', 1, { labels: { mine: 'yes' } })], '1');
    store.written(anObject('b', 2));
    store.written(anObject('a', 3));
    expect(changes).toEqual(['set a@1', 'removed a@1']);
  });

  test('versions that cannot be compared: updates count at once, new objects wait for the watch', () => {
    const { store } = aStore();
    store.replace([anObject('a', 'x1')], 'x1');
    store.written(anObject('a', 'x2'));
    store.written(anObject('b', 'x3'));
    expect(versions(store)).toEqual(['a@x2']);
    store.observe('x3', 'set', anObject('b', 'x3'));
    expect(versions(store)).toEqual(['a@x2', 'b@x3']);
  });
});

describe('reading', () => {
  const { store } = aStore();
  const inNamespace = (name: string, namespace: string | undefined): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name, resourceVersion: '1', ...(namespace !== undefined && { namespace }) },
  });
  store.replace(
    [inNamespace('a', 'one'), inNamespace('b', 'one'), inNamespace('a', 'two'), inNamespace('c', undefined)],
    '1',
  );
  const names = (objects: readonly KubeObject[]): string[] =>
    objects.map(({ metadata: { namespace = '', name } }) => `${namespace}/${name}`);

  test.each([
    ['one', ['one/a', 'one/b']],
    ['two', ['two/a']],
    ['none', []],
    [undefined, ['one/a', 'one/b', 'two/a', '/c']],
  ])('the list of namespace %s', (namespace, expected) => expect(names(store.list(namespace))).toEqual(expected));

  test('one object, with and without a namespace', () => {
    expect(store.get('two', 'a')?.metadata.namespace).toBe('two');
    expect(store.get(undefined, 'c')?.metadata.name).toBe('c');
    expect(store.get('two', 'b')).toBeUndefined();
  });
});

test('clear emits every object as removed and starts anew', () => {
  const { store, changes } = aStore();
  store.replace([anObject('a', 40), anObject('b', 41)], '41');
  changes.length = 0;
  store.clear();
  expect(changes).toEqual(['removed a@40', 'removed b@41']);
  store.replace([anObject('a', 2)], '2');
  expect(versions(store)).toEqual(['a@2']);
});

test('a version that goes back is refused', () => {
  const { store } = aStore();
  store.replace([], '10');
  expect(store.observe('11')).toBe(true);
  expect(store.observe('10', 'set', anObject('a', 10))).toBe(false);
  expect(versions(store)).toEqual([]);
});

/**
 * A server with writes and removals by us and by others, which delivers watch events and responses to our writes in any
 * interleaving. In any order, once everything is delivered, the store must equal the server.
 */
type Act =
  | { readonly do: 'theirs' | 'ours' | 'theirs-remove' | 'ours-remove'; readonly name: string }
  | { readonly do: 'event' | 'answer' | 'relist' };

const name = fc.constantFrom('a', 'b', 'c');
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constantFrom('theirs', 'ours', 'theirs-remove', 'ours-remove'), name }),
  fc.record({ do: fc.constantFrom('event' as const, 'answer' as const, 'relist' as const) }),
);

class Server {
  readonly live = new Map<string, KubeObject>();
  readonly events: (() => void)[] = [];
  readonly answers: (() => void)[] = [];
  readonly #store: ObjectStore;
  #version = 1;
  #uids = 0;
  #list: undefined | 'asked' | { readonly objects: readonly KubeObject[]; readonly version: string };

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  write(objectName: string, own: boolean): void {
    this.#version += 1;
    const uid = this.live.get(objectName)?.metadata.uid ?? `uid-${(this.#uids += 1)}`;
    const object = anObject(objectName, this.#version, { uid });
    this.live.set(objectName, object);
    this.events.push(() => this.#store.observe(object.metadata.resourceVersion, 'set', object));
    if (own) this.answers.push(() => this.#store.written(object));
  }

  remove(objectName: string, own: boolean): void {
    const known = this.live.get(objectName);
    if (known === undefined) return;
    this.#version += 1;
    const { uid = '' } = known.metadata;
    const last = anObject(objectName, this.#version, { uid });
    this.live.delete(objectName);
    this.events.push(() => this.#store.observe(last.metadata.resourceVersion, 'removed', last));
    if (own) this.answers.push(() => this.#store.gone('shop', objectName, uid));
  }

  /** Replaces the watch by a list, which is requested, taken and delivered with anything in between. */
  relist(): void {
    if (this.#list === undefined) {
      this.#store.beginList();
      this.#list = 'asked';
    } else if (this.#list === 'asked') {
      this.events.length = 0;
      this.#list = { objects: [...this.live.values()], version: String(this.#version) };
    } else {
      this.#store.replace(this.#list.objects, this.#list.version);
      this.#list = undefined;
    }
  }

  /** The watch delivers nothing during a list. */
  deliver(): void {
    if (this.#list === undefined) this.events.shift()?.();
  }

  finish(order: 'events first' | 'answers first'): void {
    while (this.#list !== undefined) this.relist();
    const queues = order === 'events first' ? [this.events, this.answers] : [this.answers, this.events];
    for (const queue of queues) while (queue.length > 0) queue.shift()?.();
  }
}

const apply = (server: Server, now: Act): void => {
  switch (now.do) {
    case 'theirs':
    case 'ours':
      server.write(now.name, now.do === 'ours');
      return;
    case 'theirs-remove':
    case 'ours-remove':
      server.remove(now.name, now.do === 'ours-remove');
      return;
    case 'event':
      server.deliver();
      return;
    case 'answer':
      server.answers.shift()?.();
      return;
    case 'relist':
      server.relist();
  }
};

test.each(['events first', 'answers first'] as const)('any interleaving ends with what the server has: %s', (order) => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const seen = new Map<string, KubeObject>();
      const store = new ObjectStore({
        emit: ({ type, object }) =>
          type === 'set' ? seen.set(object.metadata.name, object) : seen.delete(object.metadata.name),
      });
      const server = new Server(store);
      for (let i = 0; i < 3; i += 1) server.relist();
      for (const now of acts) apply(server, now);
      server.finish(order);
      const sorted = (objects: Iterable<KubeObject>): KubeObject[] =>
        [...objects].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
      expect(sorted(store.list())).toEqual(sorted(server.live.values()));
      // Applying the emitted changes gives the same result.
      expect(sorted(seen.values())).toEqual(sorted(store.list()));
    }),
    { numRuns: 1000 },
  );
});
