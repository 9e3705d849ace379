import { describe, expect, it } from '@jest/globals';
import {
  aDeployment,
  aRelease,
  aSession,
  at,
  memoryCluster,
  releaseRef,
  type MemoryCluster,
} from '../../test/support/plugin-doubles.ts';
import type { KubeObject, Labels } from '../values/kube-object.ts';
import { ClusterError } from '../ports/cluster.ts';
import { requestKey } from '../schema/annotations.ts';
import type { ReleaseStatus } from '../schema/release.ts';
import { abort } from './abort.ts';
import { promote } from './promote.ts';
import { retry } from './retry.ts';
import { waitUntil } from '../../test/cluster/wait-until.ts';

const status: ReleaseStatus = { phase: 'Progressing' };
const aCluster = (over: Partial<Parameters<typeof aRelease>[0]> = {}): MemoryCluster =>
  memoryCluster(aDeployment(), aRelease({ status, ...over }));

const annotationsOn = (cluster: MemoryCluster): Labels => cluster.read(releaseRef('web-2'))?.metadata.annotations ?? {};

/** The one that the session makes first. */
const requestOn = (cluster: MemoryCluster): unknown => JSON.parse(annotationsOn(cluster)[requestKey('id-1')] ?? 'null');

/** The Release with requests that others have made. */
const withRequests = (requests: { readonly [id: string]: object }, over: ReleaseStatus = status): KubeObject => {
  const release = aRelease({ status: over });
  const entries = Object.entries(requests).map(([id, request]) => [requestKey(id), JSON.stringify(request)]);
  return { ...release, metadata: { ...release.metadata, annotations: Object.fromEntries(entries) as Labels } };
};

/** The controller's reaction to the request. */
const answer = async (cluster: MemoryCluster, result: string): Promise<void> => {
  await waitUntil('the request and its watch', () => requestOn(cluster) !== null && cluster.watching() === 1);
  const release = cluster.read(releaseRef('web-2')) as KubeObject;
  const { verb } = requestOn(cluster) as { verb: string };
  const id = 'id-1';
  cluster.set({
    ...release,
    status: { ...status, acknowledged: [{ id, verb, result, accepted: result === 'accepted', at: at(1) }] },
  });
};

describe('a request', () => {
  it.each([
    [abort, 'abort', 'Traffic goes back, then the earlier version is put back.'],
    [promote, 'promote', 'The workload rolls to the new version.'],
    [retry, 'retry', 'The same version is tried again as a new release.'],
  ])('to %o is written on the Release, and its acceptance told', async (verb, name, consequence) => {
    const cluster = aCluster(verb === retry ? { status: { phase: 'Failed' } } : {});
    const session = aSession(cluster);
    const call = verb.run(session, { workload: 'web', options: { reason: 'because' } });
    await answer(cluster, 'accepted');
    expect(await call).toBe(0);
    expect(requestOn(cluster)).toEqual({ verb: name, reason: 'because' });
    expect(session.terminal.stdout()).toBe(
      `web-2: ${name} accepted. ${consequence} Follow it with: kubectl sluice watch web -n shop\n`,
    );
  });

  const aborting = (cluster: MemoryCluster, session = aSession(cluster)) => ({
    session,
    call: abort.run(session, { workload: 'web', options: {} }),
  });

  it('leaves the reason out when none is given', async () => {
    const cluster = aCluster();
    const { call } = aborting(cluster);
    await answer(cluster, 'accepted');
    await call;
    expect(requestOn(cluster)).toEqual({ verb: 'abort' });
  });

  it('that is refused fails with the reason', async () => {
    const cluster = aCluster();
    const { call, session } = aborting(cluster);
    await answer(cluster, 'refused: the release is already Succeeded');
    expect(await call).toBe(1);
    expect(session.terminal.stderr()).toBe('web-2: abort refused: the release is already Succeeded\n');
    expect(session.terminal.stdout()).toBe('');
  });

  it('is not answered by the answer to another', async () => {
    const earlier = { id: 'id-0', verb: 'promote', result: 'accepted', accepted: true, at: at(-9) };
    const cluster = aCluster({ status: { ...status, acknowledged: [earlier] } });
    const { call, session } = aborting(cluster);
    await waitUntil('the watch', () => cluster.watching() === 1);
    await answer(cluster, 'refused: no');
    expect(await call).toBe(1);
    expect(session.terminal.stderr()).not.toContain('note:');
  });

  it('that nobody takes up in time fails, stays, and says so', async () => {
    const cluster = aCluster();
    const { call, session } = aborting(cluster);
    const failure = expect(call).rejects.toThrow('Nobody has taken up the request to abort web-2 within 30 s.');
    await waitUntil('the watch', () => cluster.watching() === 1);
    session.clock.advance(30_000);
    await failure;
    expect(requestOn(cluster)).toMatchObject({ verb: 'abort' });
    expect(cluster.watching()).toBe(0);
  });

  /** Runs right before every write of an annotation. */
  const racing = (cluster: MemoryCluster, before: (attempt: number) => void): { readonly attempts: () => number } => {
    const annotate = cluster.client.annotate.bind(cluster.client);
    let attempts = 0;
    cluster.client.annotate = (ref, added, uid) => {
      before((attempts += 1));
      return annotate(ref, added, uid);
    };
    return { attempts: () => attempts };
  };

  it('is written at once, however often the status is written meanwhile', async () => {
    const cluster = aCluster();
    const race = racing(cluster, (weight) => cluster.set(aRelease({ status: { ...status, weight } })));
    const { call } = aborting(cluster);
    await answer(cluster, 'accepted');
    expect(await call).toBe(0);
    expect(race.attempts()).toBe(1);
  });

  it('is not written on another Release that has the name by now, before that one was looked at', async () => {
    const cluster = aCluster();
    const successor = aRelease({ status: { phase: 'Succeeded' } });
    const again = { ...successor, metadata: { ...successor.metadata, uid: 'another' } };
    const race = racing(cluster, () => cluster.set(again));
    await expect(aborting(cluster).call).rejects.toThrow('Release web-2 has ended (Succeeded)');
    expect(race.attempts()).toBe(1);
    expect(requestOn(cluster)).toBeNull();
  });

  it('that is taken away before it is answered says so', async () => {
    const cluster = aCluster();
    const { call } = aborting(cluster);
    await waitUntil('the watch', () => cluster.watching() === 1);
    cluster.set(aRelease({ status }));
    await expect(call).rejects.toThrow('The request to abort web-2 was taken away from it before its answer was seen.');
  });

  it('takes those away that are answered, and leaves those that wait', async () => {
    const answered = { id: 'old', verb: 'abort', result: 'refused: no', accepted: false, at: at(-9) };
    const cluster = memoryCluster(
      aDeployment(),
      withRequests({ old: { verb: 'abort' }, open: { verb: 'promote' } }, { ...status, acknowledged: [answered] }),
    );
    const { call } = aborting(cluster);
    await answer(cluster, 'accepted');
    expect(await call).toBe(0);
    expect(Object.keys(annotationsOn(cluster))).toEqual([requestKey('open'), requestKey('id-1')]);
  });

  it('is given up when it meets conflicts again and again', async () => {
    const cluster = aCluster();
    let attempts = 0;
    cluster.client.annotate = () => {
      attempts += 1;
      return Promise.reject(new ClusterError('conflict', 'modified'));
    };
    await expect(aborting(cluster).call).rejects.toThrow('modified');
    expect(attempts).toBe(5);
  });

  it.each([
    [abort, 'Succeeded', 'Release web-2 has ended (Succeeded): there is nothing to abort.'],
    [promote, 'Failed', 'Release web-2 has ended (Failed): there is nothing to promote.'],
    [retry, 'Succeeded', 'Only a failed or aborted release can be retried, and web-2 is Succeeded.'],
  ] as const)('that can only be refused is not written: %o of %s', async (verb, phase, message) => {
    const cluster = aCluster({ status: { phase } });
    await expect(verb.run(aSession(cluster), { workload: 'web', options: {} })).rejects.toThrow(message);
    expect(requestOn(cluster)).toBeNull();
  });

  it('says which are answered before it', async () => {
    const cluster = memoryCluster(aDeployment(), withRequests({ 'id-0': { verb: 'promote', by: 'joe' } }));
    const { call, session } = aborting(cluster);
    await answer(cluster, 'accepted');
    await call;
    expect(session.terminal.stderr()).toBe('note: requests on web-2 that are answered first: promote by joe\n');
  });

  it('fails when the Release is deleted before it is answered', async () => {
    const cluster = aCluster();
    const { call } = aborting(cluster);
    const failure = expect(call).rejects.toThrow('Release web-2 was deleted before it was answered.');
    await waitUntil('the watch', () => cluster.watching() === 1);
    cluster.remove(releaseRef('web-2'));
    await failure;
  });

  it('survives a dropped watch', async () => {
    const cluster = aCluster();
    const { call, session } = aborting(cluster);
    await waitUntil('the watch', () => cluster.watching() === 1);
    cluster.breakWatches(new ClusterError('unreachable', 'reset'));
    await waitUntil('the end of the watch', () => cluster.watching() === 0);
    session.clock.advance(8000);
    await answer(cluster, 'accepted');
    expect(await call).toBe(0);
  });
});
