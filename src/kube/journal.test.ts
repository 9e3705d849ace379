import { describe, expect, test } from '@jest/globals';
import { memoryLog } from '../../test/kube/memory-log.ts';
import type { JsonObject, KubeObject, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { manualClock } from '../ports/clock.ts';
import { ClusterError, type Patch } from '../ports/cluster.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { cutToBytes } from './event.ts';
import { kubeJournal, type JournalOptions } from './journal.ts';

const entry = (rest: Partial<JournalEntry> = {}): JournalEntry => ({
  regarding: { ref: { gvk: kinds.deployment, namespace: 'shop', name: 'web' }, uid: 'uid-web' },
  type: 'Warning',
  reason: 'CheckFailed',
  action: 'Rollback',
  note: 'success rate 93.1 < 99',
  ...rest,
});

/** A journal on a writer that records its calls and fails on request. */
const aJournal = (options: Partial<JournalOptions> = {}) => {
  const clock = manualClock(Date.UTC(2026, 0, 1, 12));
  const log = memoryLog();
  const created: KubeObject[] = [];
  const patched: { ref: ObjectRef; body: JsonObject }[] = [];
  const failures: ClusterError[] = [];
  let blocked: Promise<void> = Promise.resolve();
  const meet = async (): Promise<void> => {
    await blocked;
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  };
  const writer = {
    create: async <T extends KubeObject>(object: KubeObject): Promise<T> => {
      await meet();
      created.push(object);
      return object as T;
    },
    patch: async <T extends KubeObject>(ref: ObjectRef, patch: Patch): Promise<T> => {
      await meet();
      patched.push({ ref, body: patch.body as JsonObject });
      return { apiVersion: '', kind: '', metadata: { name: ref.name } } as T;
    },
  };
  const author = { controller: 'sluice.dev/controller', instance: 'sluice-0' };
  const journal = kubeJournal({ writer, author, clock, log, random: () => 1, ...options });
  const block = (): (() => void) => {
    const gate = Promise.withResolvers<undefined>();
    blocked = gate.promise;
    return () => gate.resolve(undefined);
  };
  return { journal, clock, log, created, patched, failures, block, settle: () => clock.advanceAsync(0) };
};

const counts = (patched: readonly { body: JsonObject }[]): unknown[] =>
  patched.map(({ body }) => (body['series'] as JsonObject)['count']);

describe('an event', () => {
  test('says everything the API server wants to know', async () => {
    const { journal, created, settle } = aJournal();
    const related = { ref: { gvk: kinds.release, namespace: 'shop', name: 'web-7' }, uid: 'uid-web-7' };
    journal.record(entry({ related }));
    await settle();
    expect(created).toEqual([
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: 'shop' },
        eventTime: '2026-01-01T12:00:00.000000Z',
        reportingController: 'sluice.dev/controller',
        reportingInstance: 'sluice-0',
        type: 'Warning',
        reason: 'CheckFailed',
        action: 'Rollback',
        note: 'success rate 93.1 < 99',
        regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'uid-web' },
        related: {
          apiVersion: 'sluice.dev/v1alpha1',
          kind: 'Release',
          namespace: 'shop',
          name: 'web-7',
          uid: 'uid-web-7',
        },
      },
    ]);
  });

  test('about an object without a namespace lives in default, and a long name is cut where a name may end', async () => {
    const { journal, created, settle } = aJournal();
    const name = `${'a'.repeat(199)}.${'b'.repeat(40)}`;
    journal.record(entry({ regarding: { ref: { gvk: kinds.clusterCanaryPolicy, name }, uid: 'u' } }));
    await settle();
    expect(created[0]?.metadata.namespace).toBe('default');
    expect(created[0]?.metadata.name).toMatch(/^a{199}\.[0-9a-f]{16}$/);
  });

  test.each([
    ['short', 'short'],
    ['x'.repeat(1024), 'x'.repeat(1024)],
    ['x'.repeat(1025), `${'x'.repeat(1021)}…`],
    ['é'.repeat(600), `${'é'.repeat(510)}…`],
  ])('a note of %#: at most 1024 bytes, whole characters', (note, expected) => {
    expect(cutToBytes(note, 1024)).toBe(expected);
    expect(Buffer.byteLength(cutToBytes(note, 1024))).toBeLessThanOrEqual(1024);
  });

  test('is not sent in the turn of whoever records it', async () => {
    const { journal, created, settle } = aJournal();
    journal.record(entry());
    expect(created).toEqual([]);
    await settle();
    expect(created).toHaveLength(1);
  });
});

describe('repetitions', () => {
  test('are counted: the first at once, later ones together, once a minute', async () => {
    const { journal, clock, created, patched, settle } = aJournal();
    journal.record(entry());
    await settle();
    for (let i = 0; i < 4; i += 1) {
      journal.record(entry());
      await clock.advanceAsync(10_000);
    }
    expect(created).toHaveLength(1);
    expect(counts(patched)).toEqual([2]);
    expect(patched[0]?.ref).toMatchObject({ namespace: 'shop', name: created[0]?.metadata.name });
    await clock.advanceAsync(60_000);
    expect(counts(patched)).toEqual([2, 5]);
    expect(patched[1]?.body).toEqual({ series: { count: 5, lastObservedTime: '2026-01-01T12:00:30.000000Z' } });
    await clock.advanceAsync(600_000);
    expect(counts(patched)).toEqual([2, 5]);
  });

  test('that come before the event was sent are counted right after it', async () => {
    const { journal, created, patched, settle } = aJournal();
    for (let i = 0; i < 3; i += 1) journal.record(entry());
    await settle();
    expect(created).toHaveLength(1);
    expect(counts(patched)).toEqual([3]);
  });

  test('after a long pause are a new event', async () => {
    const { journal, clock, created, patched, settle } = aJournal();
    journal.record(entry());
    await clock.advanceAsync(360_000);
    journal.record(entry());
    await settle();
    expect(created).toHaveLength(2);
    expect(patched).toEqual([]);
  });

  test.each([
    ['another note', { note: 'success rate 92 < 99' }],
    ['another reason', { reason: 'CheckPassed' }],
    ['another object', { regarding: { ...entry().regarding, uid: 'uid-other' } }],
  ])('%s is not a repetition', async (_what, difference) => {
    const { journal, created, settle } = aJournal();
    journal.record(entry());
    journal.record(entry(difference));
    await settle();
    expect(created).toHaveLength(2);
  });

  test('of an event that has expired make it again', async () => {
    const { journal, created, patched, failures, settle } = aJournal();
    journal.record(entry());
    await settle();
    failures.push(new ClusterError('not-found', 'expired'));
    journal.record(entry());
    await settle();
    expect(created).toHaveLength(2);
    expect(counts(patched)).toEqual([2]);
    expect(patched[0]?.ref.name).toBe(created[1]?.metadata.name);
  });
});

describe('an API server in trouble', () => {
  test('passing errors are tried again with back-off, and others wait their turn', async () => {
    const { journal, clock, created, failures, settle } = aJournal();
    failures.push(new ClusterError('unreachable', 'no'), new ClusterError('throttled', 'slow', { retryAfter: 9000 }));
    journal.record(entry());
    journal.record(entry({ reason: 'Other' }));
    await settle();
    expect(created).toEqual([]);
    await clock.advanceAsync(500);
    await clock.advanceAsync(8999);
    expect(created).toEqual([]);
    await clock.advanceAsync(1);
    expect(created.map((event) => (event as unknown as { reason: string }).reason)).toEqual(['CheckFailed', 'Other']);
  });

  test('an event that is refused is dropped, and the next of its kind is tried anew', async () => {
    const { journal, created, failures, log, settle } = aJournal();
    failures.push(new ClusterError('forbidden', 'the namespace is being terminated'));
    journal.record(entry());
    await settle();
    expect(journal.dropped).toBe(1);
    expect(log.lines.map(({ message }) => message)).toEqual(['event dropped']);
    journal.record(entry());
    await settle();
    expect(created).toHaveLength(1);
  });

  test('gives up after four attempts', async () => {
    const { journal, clock, failures, settle } = aJournal();
    for (let i = 0; i < 5; i += 1) failures.push(new ClusterError('server', 'no'));
    journal.record(entry());
    for (let i = 0; i < 4; i += 1) await clock.advanceAsync(10_000);
    await settle();
    expect(failures).toHaveLength(1);
    expect(journal.dropped).toBe(1);
  });

  test('what does not fit into the queue is dropped, with one line in the log', async () => {
    const { journal, created, log, block, settle } = aJournal({ capacity: 3 });
    const release = block();
    for (let i = 0; i < 10; i += 1) journal.record(entry({ note: `number ${i}` }));
    await settle();
    release();
    await settle();
    expect(created).toHaveLength(3);
    expect(journal.dropped).toBe(7);
    expect(log.lines).toHaveLength(1);
  });
});

describe('closing', () => {
  test('sends what waits, counts too, and takes no more', async () => {
    const { journal, clock, created, patched, settle } = aJournal();
    journal.record(entry());
    journal.record(entry());
    await settle();
    journal.record(entry());
    journal.record(entry({ note: 'last' }));
    await journal.close(5000);
    journal.record(entry({ note: 'too late' }));
    await settle();
    expect(created).toHaveLength(2);
    expect(counts(patched)).toEqual([2, 3]);
    expect(clock.waiting()).toEqual([]);
  });

  test('waits no longer than it may', async () => {
    const { journal, clock, block, settle } = aJournal();
    const release = block();
    journal.record(entry());
    journal.record(entry({ note: 'second' }));
    await settle();
    const closed = journal.close(5000);
    await clock.advanceAsync(5000);
    await closed;
    expect(journal.dropped).toBe(1);
    release();
  });
});
