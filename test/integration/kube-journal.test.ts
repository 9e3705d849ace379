/** Events and leases as a real API server takes them. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { kinds } from '../../src/schema/kinds.ts';
import type { Api } from '../../src/kube/api.ts';
import { clusterWriter } from '../../src/kube/cluster-writer.ts';
import { kubeJournal } from '../../src/kube/journal.ts';
import { holdLease, type LeaseHolder } from '../../src/kube/lease.ts';
import { watchLease, type LeaseWatch } from '../../src/kube/watch-lease.ts';
import { systemClock, systemElapsed } from '../../src/ports/clock.ts';
import type { JournalEntry } from '../../src/ports/journal.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { apiOf, testCluster } from '../kube/cluster-kit.ts';
import { memoryLog } from '../kube/memory-log.ts';
import { waitUntil } from '../cluster/wait-until.ts';

jest.setTimeout(180_000);
let cluster: Cluster;
let namespace: string;
let api: Api;

beforeAll(async () => {
  ({ cluster, namespace } = await testCluster('kube-journal'));
  api = apiOf(cluster);
});

type Event = { note: string; reason: string; series?: { count: number }; metadata: { namespace: string } };
const eventsOf = async (inNamespace: string, reason: string): Promise<Event[]> => {
  const { stdout } = await cluster.kubectl('get', 'events.events.k8s.io', '-n', inNamespace, '-o', 'json');
  return (JSON.parse(stdout) as { items: Event[] }).items.filter((event) => event.reason === reason);
};

describe('the journal', () => {
  const entry = (rest: Partial<JournalEntry>): JournalEntry => ({
    regarding: { ref: { gvk: kinds.service, namespace, name: 'web' }, uid: 'e1b1a1c6-0000-4000-8000-000000000001' },
    related: { ref: { gvk: kinds.release, namespace, name: 'web-1' }, uid: 'e1b1a1c6-0000-4000-8000-000000000002' },
    type: 'Normal',
    reason: 'Tested',
    action: 'Test',
    note: 'a note',
    ...rest,
  });
  const record = async (...entries: readonly JournalEntry[]): Promise<number> => {
    const ignore = { written: () => undefined, gone: () => undefined };
    const writer = clusterWriter({ api, fieldManager: 'sluice', seen: ignore });
    const author = { controller: 'sluice.dev/controller', instance: 'test' };
    const journal = kubeJournal({ writer, author, clock: systemClock, log: memoryLog() });
    for (const one of entries) journal.record(one);
    await journal.close(30_000);
    return journal.dropped;
  };

  test('writes events, counts repetitions, and kubectl describe shows them', async () => {
    await cluster.apply([
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace }, spec: { ports: [{ port: 80 }] } },
    ]);
    const uid = (await cluster.kubectl('get', 'service', 'web', '-n', namespace, '-o', 'jsonpath={.metadata.uid}'))
      .stdout;
    const about = { regarding: { ref: { gvk: kinds.service, namespace, name: 'web' }, uid } };
    const repeated = entry({ ...about, reason: 'Repeated', type: 'Warning', note: 'success rate 93.1 < 99' });
    expect(await record(repeated, repeated, repeated)).toBe(0);
    expect(await eventsOf(namespace, 'Repeated')).toMatchObject([{ note: repeated.note, series: { count: 3 } }]);
    const { stdout } = await cluster.kubectl('describe', 'service', 'web', '-n', namespace);
    expect(stdout).toMatch(/Warning\s+Repeated\s.*success rate 93.1 < 99/);
  });

  test('a note as long as may be, in any script', async () => {
    expect(await record(entry({ reason: 'Long', note: 'é'.repeat(2000) }))).toBe(0);
    const [event] = await eventsOf(namespace, 'Long');
    expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1024);
    expect(event?.note).toMatch(/^é+…$/);
  });

  test('an object without a namespace has its events in default', async () => {
    const reason = `Policy${process.pid}`;
    const regarding = {
      ref: { gvk: kinds.clusterCanaryPolicy, name: 'careful' },
      uid: 'e1b1a1c6-0000-4000-8000-000000000003',
    };
    const { related: _none, ...rest } = entry({ reason });
    expect(await record({ ...rest, regarding })).toBe(0);
    expect(await eventsOf('default', reason)).toHaveLength(1);
  });

  test('what the API server will not take is dropped and harms nobody', async () => {
    const nowhere = { ref: { gvk: kinds.service, namespace: 'no-such-namespace', name: 'web' }, uid: 'u' };
    expect(await record(entry({ regarding: nowhere }), entry({ reason: 'After' }))).toBe(1);
    expect(await eventsOf(namespace, 'After')).toHaveLength(1);
  });
});

describe('the lease', () => {
  const times = { duration: 3000, renewDeadline: 2000, every: 300 };
  let watch: LeaseWatch;
  beforeAll(() => {
    watch = watchLease({ api, clock: systemClock, log: memoryLog() }, { namespace, name: 'controller' });
  });
  afterAll(() => watch.stop());
  const candidate = (identity: string, story: string[]): LeaseHolder =>
    holdLease({
      api,
      follow: watch.follow,
      namespace,
      name: 'controller',
      identity,
      clock: systemClock,
      elapsed: systemElapsed,
      log: memoryLog(),
      onGained: () => story.push(`${identity} gained`),
      onLost: () => story.push(`${identity} lost`),
      times,
    });

  test('is held by one, handed over when that stops, and lost when it is taken away', async () => {
    const story: string[] = [];
    const a = candidate('a', story);
    await waitUntil('a to lead', () => a.leading);
    const b = candidate('b', story);
    await a.stop();
    await waitUntil('b to lead', () => b.leading);
    const { stdout } = await cluster.kubectl('get', 'lease', 'controller', '-n', namespace, '-o', 'json');
    expect((JSON.parse(stdout) as { spec: object }).spec).toMatchObject({
      holderIdentity: 'b',
      leaseDurationSeconds: 3,
    });
    const thief = '{"spec":{"holderIdentity":"thief","leaseDurationSeconds":1}}';
    await cluster.kubectl('patch', 'lease', 'controller', '-n', namespace, '--type=merge', '-p', thief);
    await waitUntil('b to notice', () => story.includes('b lost'));
    await waitUntil('b to have it back', () => b.leading);
    await b.stop();
    expect(story).toEqual(['a gained', 'b gained', 'b lost', 'b gained']);
  });
});
