import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { failure, FakeApiServer, type SeenRequest } from '../../test/kube/fake-api-server.ts';
import { apiFor, noJitter } from '../../test/kube/kube-kit.ts';
import { memoryLog } from '../../test/kube/memory-log.ts';
import { waitUntil } from '../../test/cluster/wait-until.ts';
import { kinds } from '../schema/kinds.ts';
import { manualClock, systemClock, type Clock } from '../ports/clock.ts';
import type { Api } from './api.ts';
import { ObjectStore } from './object-store.ts';
import { reflect, type Reflector, type ReflectorOptions } from './reflector.ts';
import { dropManagedFields } from './trim.ts';
import { watchTarget } from './watch-spec.ts';

jest.setTimeout(30_000);

const PODS = '/api/v1/pods';
let server: FakeApiServer;
let api: Api;
const running: Reflector[] = [];

beforeEach(async () => {
  server = (await FakeApiServer.start()).serve(PODS);
});
afterEach(async () => {
  for (const reflector of running.splice(0)) reflector.stop();
  api.close();
  await server.stop();
});

const put = (name: string, namespace = 'shop'): void => void server.put(PODS, { metadata: { name, namespace } });

const start = (
  options: Partial<ReflectorOptions> = {},
): { store: ObjectStore; changes: string[]; reflector: Reflector; log: ReturnType<typeof memoryLog> } => {
  const clock = options.clock ?? systemClock;
  api = apiFor(server.url, { clock });
  const changes: string[] = [];
  const log = memoryLog();
  const store = new ObjectStore({ emit: ({ type, object }) => changes.push(`${type} ${object.metadata.name}`) });
  const target = watchTarget({ gvk: kinds.pod });
  const rest = { api, gvk: kinds.pod, target, store, trim: dropManagedFields, random: noJitter, log };
  const reflector = reflect({ ...rest, clock, ...options });
  running.push(reflector);
  return { store, changes, reflector, log };
};

const isWatch = ({ query }: SeenRequest): boolean => query.get('watch') === 'true';
const isList = (request: SeenRequest): boolean => request.method === 'GET' && !isWatch(request);
const lists = (): number => server.requests.filter(isList).length;
const watches = (): SeenRequest[] => server.requests.filter(isWatch);
const open = (): Promise<boolean> => waitUntil('a watch to be open', () => server.openWatches() === 1);
const closed = (): Promise<boolean> => waitUntil('the watch to be closed', () => server.openWatches() === 0);

describe('normally', () => {
  test('lists once, then hears of every change without asking again', async () => {
    put('a');
    const { store, changes, reflector } = start();
    await reflector.firstList;
    expect(store.list()).toMatchObject([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }]);
    await open();
    put('b');
    put('a');
    server.remove(PODS, 'shop', 'a');
    await waitUntil('three events', () => changes.length === 4);
    expect(changes).toEqual(['set a', 'set b', 'set a', 'removed a']);
    expect(server.requests).toHaveLength(2);
    expect(watches()[0]?.query.get('allowWatchBookmarks')).toBe('true');
    expect(Number(watches()[0]?.query.get('timeoutSeconds'))).toBe(300);
  });

  test('asks for long lists in pages', async () => {
    for (let i = 0; i < 503; i += 1) put(`p-${i}`);
    const { store, reflector } = start();
    await reflector.firstList;
    expect(store.list()).toHaveLength(503);
    expect(server.requests.filter(isList).map(({ query }) => query.get('continue'))).toEqual([null, '200', '400']);
  });

  test('takes the whole list when a page has expired', async () => {
    for (let i = 0; i < 700; i += 1) put(`p-${i}`);
    server.fault(({ query }) => query.has('continue'), {
      kind: 'answer',
      code: 410,
      body: failure(410, 'Expired', 'The provided continue parameter is too old'),
    });
    const { store, reflector } = start();
    await reflector.firstList;
    expect(store.list()).toHaveLength(700);
    expect(server.requests.filter(isList).at(-1)?.query.has('limit')).toBe(false);
  });

  test('asks for metadata alone where that is enough', async () => {
    const { reflector } = start({ metadataOnly: true });
    await reflector.firstList;
    await open();
    expect(server.requests.map(({ headers }) => headers.accept)).toEqual([
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    ]);
  });

  test('stops asking when it is stopped', async () => {
    const { reflector, changes } = start();
    await open();
    reflector.stop();
    await expect(reflector.ended).resolves.toBe('stopped');
    await closed();
    const asked = server.requests.length;
    put('late');
    expect(changes).toEqual([]);
    expect(server.requests).toHaveLength(asked);
  });
});

describe('a watch that ends', () => {
  test.each([
    ['is cut', () => server.dropWatches()],
    ['is ended by the server', () => server.endWatches()],
  ])('%s: it is resumed where it was, and nothing is lost', async (_how, end) => {
    put('a');
    const { changes } = start();
    await open();
    put('b');
    await waitUntil('an event', () => changes.length === 2);
    end();
    put('c');
    server.remove(PODS, 'shop', 'a');
    await waitUntil('events from before the watch was resumed', () => changes.length === 4);
    expect(changes).toEqual(['set a', 'set b', 'set c', 'removed a']);
    expect(lists()).toBe(1);
    expect(watches().map(({ query }) => query.get('resourceVersion'))).toEqual(['101', '102']);
  });

  test('bookmarks move the place where it is resumed', async () => {
    const { store } = start();
    await open();
    server.serve('/api/v1/services').put('/api/v1/services', { metadata: { name: 'other', namespace: 'shop' } });
    server.bookmark();
    put('a');
    await waitUntil('an event after the bookmark', () => store.list().length === 1);
    server.dropWatches();
    await waitUntil('the watch to be resumed', () => watches().length === 2);
    expect(watches()[1]?.query.get('resourceVersion')).toBe('102');
  });

  test('that ends at once, again and again, is not asked for in a busy loop', async () => {
    const clock = manualClock();
    server.fault(isWatch, { kind: 'answer', code: 200, body: '' }, 3);
    start({ clock });
    for (const delay of [125, 250, 500]) {
      await waitUntil(`a wait of ${delay} ms`, () => clock.waiting().includes(delay));
      await clock.advanceAsync(delay);
    }
    await open();
    expect(watches()).toHaveLength(4);
    expect(lists()).toBe(1);
  });

  test('an event that was cut off is delivered whole later', async () => {
    const event = { type: 'ADDED', object: { metadata: { name: 'a', namespace: 'shop', resourceVersion: '101' } } };
    server.fault(isWatch, { kind: 'cut', after: JSON.stringify(event).slice(0, 40) });
    const { changes, reflector } = start();
    await reflector.firstList;
    put('a');
    await waitUntil('the event', () => changes.length === 1);
    expect(changes).toEqual(['set a']);
  });
});

describe('a version that is gone', () => {
  const disturb = (): void => {
    server.dropWatches();
    put('c');
    server.remove(PODS, 'shop', 'a');
    server.compact();
  };

  test('at the start of a watch: lists again and emits what was missed', async () => {
    put('a');
    put('b');
    const { changes } = start();
    await open();
    disturb();
    await waitUntil('the difference', () => changes.length === 4);
    expect(changes).toEqual(['set a', 'set b', 'removed a', 'set c']);
    expect(lists()).toBe(2);
    await open();
    put('d');
    await waitUntil('the new watch to work', () => changes.includes('set d'));
  });

  test('in the middle of a watch', async () => {
    put('a');
    const { changes } = start();
    await open();
    server.sendToWatches({ type: 'ERROR', object: failure(410, 'Expired', 'too old resource version') });
    await waitUntil('a second list', () => lists() === 2);
    put('b');
    await waitUntil('the new watch to work', () => changes.includes('set b'));
    expect(changes).toEqual(['set a', 'set b']);
  });

  test('history that goes back, as after a restored backup, is noticed and listed', async () => {
    put('a');
    put('b');
    const { store, changes } = start();
    await open();
    server.rewind(50);
    await waitUntil('the watch to be resumed', () => watches().length === 2 && server.openWatches() === 1);
    put('a');
    await waitUntil('the list to count', () => store.get('shop', 'a')?.metadata.resourceVersion === '51');
    expect(changes).toEqual(['set a', 'set b', 'set a']);
    expect(lists()).toBe(2);
  });
});

describe('an API server in trouble', () => {
  test.each([
    ['500', { kind: 'answer', code: 500, body: failure(500, 'InternalError', 'etcd') } as const],
    ['a cut connection', { kind: 'cut' } as const],
  ])('%s: the wait doubles, and the watch is resumed without a list', async (_name, fault) => {
    const clock = manualClock();
    const { log } = start({ clock });
    await open();
    server.fault(isWatch, fault, 3);
    server.dropWatches();
    for (const delay of [125, 250, 500, 1000]) {
      await waitUntil(`a wait of ${delay} ms`, () => clock.waiting().includes(delay));
      await clock.advanceAsync(delay);
    }
    await open();
    expect(lists()).toBe(1);
    expect(log.lines.filter(({ level }) => level !== 'debug').map(({ level }) => level)).toEqual([
      'info',
      'warn',
      'warn',
      'warn',
    ]);
  });

  test('429: waits as long as it was asked to', async () => {
    const clock = manualClock();
    server.fault(isList, {
      kind: 'answer',
      code: 429,
      body: failure(429, 'TooManyRequests', 'slow down'),
      headers: { 'retry-after': '20' },
    });
    const { reflector } = start({ clock });
    await waitUntil('a wait of 20 s', () => clock.waiting().includes(20_000));
    await clock.advanceAsync(19_999);
    expect(lists()).toBe(1);
    await clock.advanceAsync(1);
    await reflector.firstList;
  });

  test('an answer that does not come', async () => {
    const clock = manualClock();
    server.fault(isList, { kind: 'hang' });
    const { reflector } = start({ clock });
    await waitUntil('the list to be asked for', () => server.requests.length === 1);
    await clock.advanceAsync(30_000);
    await waitUntil('back-off', () => clock.waiting().includes(125));
    await clock.advanceAsync(125);
    await reflector.firstList;
  });

  test.each<[string, Parameters<typeof server.fault>[1], number]>([
    ['nobody listens', { kind: 'cut' }, 1000],
    ['the API server has lost its storage', { kind: 'answer', code: 500, body: {} }, 1000],
    ['it has too much to do', { kind: 'answer', code: 429, body: {} }, 1000],
    ['somebody has to give the right first', { kind: 'answer', code: 403, body: {} }, 15_000],
  ])('D2: watches are back within seconds after an outage in which %s', async (_what, fault, wanted) => {
    const clock = manualClock();
    server.fault(isList, fault, 20);
    start({ clock });
    let longest = 0;
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      await waitUntil('back-off', () => lists() === attempt && clock.waiting().some((wait) => wait <= 15_000));
      longest = Math.max(longest, ...clock.waiting().filter((wait) => wait <= 15_000));
      await clock.advanceAsync(15_000);
    }
    expect(longest).toBe(wanted);
  });
});

describe('half-open connections', () => {
  const mute = async (clock: Clock & { advanceAsync(ms: number): Promise<void> }): Promise<void> => {
    server.muteWatches();
    put('unheard');
    await clock.advanceAsync(0);
  };

  test('after a bookmark, silence of 150 s ends the watch', async () => {
    const clock = manualClock();
    const { changes } = start({ clock });
    await open();
    server.bookmark();
    await waitUntil('the bookmark', () => clock.waiting().includes(150_000));
    await mute(clock);
    await clock.advanceAsync(149_999);
    expect(watches()).toHaveLength(1);
    await clock.advanceAsync(1);
    await waitUntil('back-off', () => clock.waiting().includes(125));
    await clock.advanceAsync(125);
    await waitUntil('the resumed watch to tell what was missed', () => changes.includes('set unheard'));
  });

  test('events keep a watch alive', async () => {
    const clock = manualClock();
    const { changes } = start({ clock });
    await open();
    server.bookmark();
    await waitUntil('the bookmark', () => clock.waiting().includes(150_000));
    for (let i = 1; i <= 5; i += 1) {
      await clock.advanceAsync(100_000);
      put(`p-${i}`);
      await waitUntil('an event', () => changes.length === i);
    }
    expect(watches()).toHaveLength(1);
  });

  test('without bookmarks, a watch that outlasts the time it was asked for by 15 s is dead', async () => {
    const clock = manualClock();
    const { changes } = start({ clock });
    await open();
    await mute(clock);
    await clock.advanceAsync(314_999);
    expect(watches()).toHaveLength(1);
    await clock.advanceAsync(1);
    await waitUntil('back-off', () => clock.waiting().includes(125));
    await clock.advanceAsync(125);
    await waitUntil('the resumed watch to tell what was missed', () => changes.includes('set unheard'));
  });
});

describe('a kind that is not served', () => {
  test('is asked for again when it must be there', async () => {
    server.withdraw(PODS);
    const { reflector, log } = start();
    await reflector.settled;
    expect(reflector.synced).toBe(false);
    server.serve(PODS);
    await reflector.firstList;
    expect(log.lines[0]?.fields).toMatchObject({ reason: 'not-found', kind: 'Pod' });
  });

  test('ends the reflector when it may vanish, at the first list or later', async () => {
    server.withdraw(PODS);
    await expect(start({ mayVanish: true }).reflector.ended).resolves.toBe('vanished');
    server.serve(PODS);
    const { reflector } = start({ mayVanish: true });
    await open();
    server.withdraw(PODS);
    await expect(reflector.ended).resolves.toBe('vanished');
  });

  test('or that may not be read settles what is known, and is tried again', async () => {
    server.fault(isList, { kind: 'answer', code: 403, body: failure(403, 'Forbidden', 'may not list') });
    const { reflector, log } = start();
    await reflector.settled;
    expect(reflector.synced).toBe(false);
    expect(log.lines[0]?.fields).toMatchObject({ reason: 'forbidden' });
    await reflector.firstList;
  });
});
