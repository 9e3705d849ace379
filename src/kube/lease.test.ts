import { describe, expect, test } from '@jest/globals';
import { memoryLog } from '../../test/kube/memory-log.ts';
import type { Json, KubeObject } from '../values/kube-object.ts';
import { manualClock, type ManualClock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { ApiCall } from './api.ts';
import { holdLease, type LeaseHolder, type LeaseOptions } from './lease.ts';

type Lease = { metadata: { name: string; resourceVersion: string }; spec: Record<string, Json> };

/** One Lease of an API server, with optimistic locking and faults. */
class LeaseServer {
  lease: Lease | undefined;
  readonly calls: string[] = [];
  /** Per identity: requests of that process fail. */
  readonly cutOff = new Set<string>();
  /** Called at every change, like a watch. */
  readonly watches: ((lease: KubeObject | undefined) => void)[] = [];
  /** Delays responses until it resolves. */
  gate: Promise<void> = Promise.resolve();
  #version = 100;

  for(identity: string): LeaseOptions['api'] {
    return {
      request: async (call) => {
        await this.gate;
        this.calls.push(`${identity} ${call.method}`);
        if (this.cutOff.has(identity)) throw new ClusterError('unreachable', 'cut off');
        return this.#answer(call);
      },
    };
  }

  /** A change by somebody else. */
  put(lease: Lease | undefined): void {
    this.lease = lease;
    for (const seen of this.watches) seen(lease as unknown as KubeObject | undefined);
  }

  #answer({ method, path, body }: ApiCall): Lease {
    expect(path).toBe(`/apis/coordination.k8s.io/v1/namespaces/sluice/leases${method === 'POST' ? '' : '/controller'}`);
    if (method === 'GET') {
      if (this.lease === undefined) throw new ClusterError('not-found', 'no lease');
      return this.lease;
    }
    const sent = body as unknown as Lease;
    if (method === 'POST' && this.lease !== undefined) throw new ClusterError('already-exists', 'there');
    if (method === 'PUT' && this.lease === undefined) throw new ClusterError('not-found', 'no lease');
    if (method === 'PUT' && sent.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
      throw new ClusterError('conflict', 'modified');
    this.#version += 1;
    const stored = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(this.#version) } };
    this.put(stored);
    return stored;
  }
}

const setUp = () => {
  const clock = manualClock();
  const server = new LeaseServer();
  const story: string[] = [];
  const asleep = { for: 0 };
  const candidate = (identity: string, rest: Partial<LeaseOptions> = {}): LeaseHolder =>
    holdLease({
      api: server.for(identity),
      namespace: 'sluice',
      name: 'controller',
      identity,
      follow: (seen) => void server.watches.push(seen),
      clock,
      elapsed: () => clock.now() + asleep.for,
      log: memoryLog(),
      onGained: () => story.push(`${identity} gained`),
      onLost: () => story.push(`${identity} lost`),
      random: () => 0.5,
      ...rest,
    });
  return { clock, server, story, asleep, candidate };
};

const seconds = async (clock: ManualClock, count: number): Promise<void> => {
  for (let i = 0; i < count * 4; i += 1) await clock.advanceAsync(250);
};

describe('getting the lease', () => {
  test('the first one creates it and keeps renewing it; the second one waits', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    const b = candidate('b');
    await seconds(clock, 120);
    expect(story).toEqual(['a gained']);
    expect([a.leading, b.leading]).toEqual([true, false]);
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
    });
    // One renewal per interval, and no requests from the standby.
    expect(server.calls.filter((call) => call.startsWith('a')).length).toBeLessThanOrEqual(33);
    expect(server.calls.filter((call) => call.startsWith('b'))).toEqual(['b GET']);
    await Promise.all([a.stop(), b.stop()]);
  });

  test('two that start together: one wins', async () => {
    const { clock, story, candidate } = setUp();
    const both = [candidate('a'), candidate('b')];
    await seconds(clock, 20);
    expect(both.filter(({ leading }) => leading)).toHaveLength(1);
    expect(story).toHaveLength(1);
    await Promise.all(both.map((holder) => holder.stop()));
  });

  test('without a watch, the second one looks once in the time that a lease lasts, and finds it renewed', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    const b = candidate('b', { follow: () => undefined });
    await seconds(clock, 120);
    expect(story).toEqual(['a gained']);
    const looks = server.calls.filter((call) => call.startsWith('b'));
    expect(looks.length).toBeGreaterThanOrEqual(7);
    expect(looks.length).toBeLessThanOrEqual(9);
    expect(new Set(looks)).toEqual(new Set(['b GET']));
    await Promise.all([a.stop(), b.stop()]);
  });

  test('a lease that was given back is taken at once', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    const b = candidate('b');
    await seconds(clock, 1);
    await a.stop();
    await clock.advanceAsync(0);
    expect(story).toEqual(['a gained', 'b gained']);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 2 });
    await b.stop();
  });

  test('what it is given back as is nobody, for a second: also those who know no watch need not wait long', async () => {
    const { clock, server, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    await a.stop();
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  });

  test('of two that wait, one is faster; the other goes on waiting and complains of nothing', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    const logs = [memoryLog(), memoryLog()];
    const [b, c] = [candidate('b', { log: logs[0]! }), candidate('c', { log: logs[1]! })];
    await seconds(clock, 1);
    await a.stop();
    await seconds(clock, 60);
    expect(story).toHaveLength(2);
    expect([b, c].filter(({ leading }) => leading)).toHaveLength(1);
    expect(logs.flatMap(({ lines }) => lines.filter(({ level }) => level === 'warn'))).toEqual([]);
    expect(server.calls.filter((call) => /^[bc] GET/.test(call)).length).toBeLessThanOrEqual(6);
    await Promise.all([b.stop(), c.stop()]);
  });

  test('a lease that is deleted while somebody waits is made by that one or by its holder, not by both', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    const b = candidate('b');
    await seconds(clock, 1);
    server.put(undefined);
    await seconds(clock, 30);
    expect([a, b].filter(({ leading }) => leading)).toHaveLength(1);
    expect(story.at(-1)).toMatch(/gained/);
    expect(server.lease?.spec['holderIdentity']).toBe(a.leading ? 'a' : 'b');
    await Promise.all([a.stop(), b.stop()]);
  });

  test('a holder that died is replaced after the duration of its lease, not before', async () => {
    const { clock, server, story, candidate } = setUp();
    candidate('a');
    await seconds(clock, 1);
    server.cutOff.add('a');
    const b = candidate('b');
    await seconds(clock, 14);
    expect(b.leading).toBe(false);
    await seconds(clock, 8);
    expect(b.leading).toBe(true);
    expect(story).toEqual(['a gained', 'a lost', 'b gained']);
    await b.stop();
  });

  test('a lease that was deleted is made again', async () => {
    const { clock, server, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    server.lease = undefined;
    await seconds(clock, 10);
    expect(server.lease).toMatchObject({ spec: { holderIdentity: 'a' } });
    await a.stop();
  });
});

describe('losing the lease', () => {
  test('a leader that cannot renew stops before anybody else can start', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    const b = candidate('b');
    await seconds(clock, 1);
    const [leader, other] = a.leading ? ['a', 'b'] : ['b', 'a'];
    server.cutOff.add(leader);
    let lostAt = Number.POSITIVE_INFINITY;
    let gainedAt = Number.POSITIVE_INFINITY;
    for (let quarter = 0; quarter < 120; quarter += 1) {
      await clock.advanceAsync(250);
      if (story.includes(`${leader} lost`)) lostAt = Math.min(lostAt, quarter);
      if (story.includes(`${other} gained`)) gainedAt = Math.min(gainedAt, quarter);
    }
    expect(lostAt).toBeLessThan(41);
    expect(gainedAt).toBeGreaterThan(lostAt);
    expect(gainedAt).toBeLessThan(120);
    await Promise.all([a.stop(), b.stop()]);
  });

  test('one failed renewal is no loss', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    server.cutOff.add('a');
    await seconds(clock, 4);
    server.cutOff.clear();
    await seconds(clock, 60);
    expect(story).toEqual(['a gained']);
    await a.stop();
  });

  test('a lease that somebody else has taken is lost at the next renewal, and tried for again', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    const { metadata, spec } = server.lease!;
    server.lease = {
      metadata: { ...metadata, resourceVersion: '999' },
      spec: { ...spec, holderIdentity: 'thief', leaseDurationSeconds: 5 },
    };
    await seconds(clock, 5);
    expect(story).toEqual(['a gained', 'a lost']);
    await seconds(clock, 15);
    expect(story).toEqual(['a gained', 'a lost', 'a gained']);
    await a.stop();
  });

  test('a lease that the watch sees in the hands of another is lost at once', async () => {
    const { clock, server, story, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    const { metadata, spec } = server.lease!;
    server.put({ metadata: { ...metadata, resourceVersion: '999' }, spec: { ...spec, holderIdentity: 'thief' } });
    expect(story).toEqual(['a gained', 'a lost']);
    expect(a.leading).toBe(false);
    await a.stop();
    expect(server.lease?.spec['holderIdentity']).toBe('thief');
  });

  test('what the watch tells late changes nothing', async () => {
    const { clock, server, story, candidate } = setUp();
    server.put({ metadata: { name: 'controller', resourceVersion: '5' }, spec: { holderIdentity: '' } });
    const free = server.lease!;
    const a = candidate('a');
    await seconds(clock, 1);
    for (const seen of server.watches) seen(free as unknown as KubeObject);
    await seconds(clock, 20);
    expect(story).toEqual(['a gained']);
    await a.stop();
  });

  test('one that was stopped for longer than it may lead knows it before any timer tells, and asks for no renewal', async () => {
    const { clock, server, story, asleep, candidate } = setUp();
    const a = candidate('a');
    await seconds(clock, 1);
    expect(a.leading).toBe(true);
    const calls = server.calls.length;
    asleep.for = 20_000;
    expect(a.leading).toBe(false);
    expect(story).toEqual(['a gained']);
    server.cutOff.add('a');
    await seconds(clock, 5);
    expect(story).toEqual(['a gained', 'a lost']);
    expect(server.calls.slice(calls)).not.toContain('a PUT');
    server.cutOff.clear();
    await seconds(clock, 30);
    // The lease still names it as the holder, and no other process tried to acquire it.
    expect(story).toEqual(['a gained', 'a lost', 'a gained']);
    await a.stop();
  });

  test('an answer that comes after the deadline does not make a leader', async () => {
    const { clock, server, story, candidate } = setUp();
    const gate = Promise.withResolvers<undefined>();
    server.lease = { metadata: { name: 'controller', resourceVersion: '1' }, spec: { holderIdentity: '' } };
    const a = candidate('a', {
      api: {
        request: async (call) => {
          const answer = await server.for('a').request(call);
          if (call.method === 'PUT' && server.calls.length === 2) await gate.promise;
          return answer;
        },
      },
    });
    await seconds(clock, 11);
    gate.resolve(undefined);
    await clock.advanceAsync(0);
    expect(server.lease.spec['holderIdentity']).toBe('a');
    expect(story).toEqual([]);
    await seconds(clock, 5);
    expect(story).toEqual(['a gained']);
    await a.stop();
  });

  test('a lease must last longer than its holder relies on it', () => {
    const { candidate } = setUp();
    const times = { duration: 10_000, renewDeadline: 10_000, every: 1000 };
    expect(() => candidate('a', { times })).toThrow('longer');
  });
});

test('stopping says nothing to the one who stops, and a standby has nothing to give back', async () => {
  const { clock, server, story, candidate } = setUp();
  const a = candidate('a');
  await seconds(clock, 1);
  const b = candidate('b');
  await seconds(clock, 1);
  await b.stop();
  expect(server.lease?.spec['holderIdentity']).toBe('a');
  await a.stop();
  expect(story).toEqual(['a gained']);
  expect(a.leading).toBe(false);
  const calls = server.calls.length;
  await seconds(clock, 30);
  expect(server.calls).toHaveLength(calls);
  expect(clock.waiting()).toEqual([]);
});
