import { describe, expect, it } from '@jest/globals';
import { aRelease, aSession, memoryCluster, releaseRef } from '../../test/support/plugin-doubles.ts';
import { ClusterError } from '../ports/cluster.ts';
import { deadline, follow } from './follow.ts';
import { waitUntil } from '../../test/cluster/wait-until.ts';

const lost = new ClusterError('unreachable', 'connection refused');

/** Follows web-2 and records its states. */
const following = (cluster = memoryCluster()) => {
  const session = aSession(cluster);
  const stop = new AbortController();
  const seen: (string | undefined)[] = [];
  const troubles: string[] = [];
  const done = (async () => {
    for await (const object of follow(session, releaseRef('web-2'), stop.signal, (error) =>
      troubles.push(error.message),
    ))
      seen.push(object?.metadata.resourceVersion);
  })();
  return { cluster, clock: session.clock, stop, seen, troubles, done };
};

describe('follow', () => {
  it('sees an object come, change and go, and ends when told to', async () => {
    const { cluster, seen, stop, done } = following();
    await waitUntil('the first object', () => seen.length === 1);
    cluster.set(aRelease());
    cluster.set(aRelease());
    cluster.remove(releaseRef('web-2'));
    await waitUntil('four objects', () => seen.length === 4);
    stop.abort();
    await done;
    expect(seen).toEqual([undefined, '11', '12', undefined]);
  });

  it('opens a watch that ended again, after a moment', async () => {
    const { cluster, clock, seen, stop, done, troubles } = following(memoryCluster(aRelease()));
    await waitUntil('the first object', () => seen.length === 1);
    cluster.breakWatches();
    await waitUntil('a pause', () => clock.waiting().length === 1);
    cluster.set(aRelease());
    await clock.advanceAsync(250);
    await waitUntil('the second object', () => seen.length === 2);
    stop.abort();
    await done;
    expect(seen).toEqual(['11', '12']);
    expect(troubles).toEqual([]);
  });

  it('tells of an interruption once, and waits longer each time', async () => {
    const { cluster, clock, seen, troubles, stop, done } = following(memoryCluster(aRelease()));
    await waitUntil('the first object', () => seen.length === 1);
    const observe = cluster.client.observe.bind(cluster.client);
    cluster.client.observe = async function* () {
      await Promise.resolve();
      throw lost;
    };
    cluster.breakWatches(lost);
    const pauses: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      await waitUntil('a pause', () => clock.waiting().length === 1);
      const [pause = 0] = clock.waiting();
      pauses.push(pause);
      clock.advance(pause);
    }
    await waitUntil('a pause', () => clock.waiting().length === 1);
    cluster.client.observe = observe;
    clock.advance(8000);
    await waitUntil('the second object', () => seen.length === 2);
    stop.abort();
    await done;
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(troubles).toEqual(['connection refused']);
  });

  it('gives up on an error that does not pass', async () => {
    const { cluster, seen, done } = following(memoryCluster(aRelease()));
    await waitUntil('the first object', () => seen.length === 1);
    cluster.breakWatches(new ClusterError('forbidden', 'you may not'));
    await expect(done).rejects.toThrow('you may not');
  });

  it('does not wait out a pause when told to end', async () => {
    const { cluster, clock, seen, stop, done } = following(memoryCluster(aRelease()));
    await waitUntil('the first object', () => seen.length === 1);
    cluster.breakWatches(lost);
    await waitUntil('a pause', () => clock.waiting().length === 1);
    stop.abort();
    await done;
    expect(clock.waiting()).toEqual([]);
  });
});

describe('deadline', () => {
  it('is over when the time is', () => {
    const { clock } = aSession(memoryCluster());
    const limit = deadline(clock, 1000, new AbortController().signal);
    clock.advance(999);
    expect([limit.signal.aborted, limit.over()]).toEqual([false, false]);
    clock.advance(1);
    expect([limit.signal.aborted, limit.over()]).toEqual([true, true]);
  });

  it('is never over once it is lifted', () => {
    const { clock } = aSession(memoryCluster());
    const limit = deadline(clock, 1000, new AbortController().signal);
    limit.lift();
    clock.advance(5000);
    expect(limit.signal.aborted).toBe(false);
  });

  it('ends with the other signal, and that is not its own doing', () => {
    const other = new AbortController();
    const limit = deadline(aSession(memoryCluster()).clock, 1000, other.signal);
    other.abort();
    expect([limit.signal.aborted, limit.over()]).toEqual([true, false]);
  });
});
