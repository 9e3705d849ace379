import { describe, expect, it } from '@jest/globals';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Gathered } from './gather.ts';
import { podTrouble } from './pod-trouble.ts';

const ended = { exitCode: 1, reason: 'Error', message: 'no database\n' };
const backOff = { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' };

const gathered = {
  workload: { metadata: { name: 'web', namespace: 'shop' } },
  canary: { deployment: { metadata: { name: 'web-canary' }, spec: { selector: { matchLabels: {} } } } },
} as unknown as Gathered;

const told = async (status: JsonObject): Promise<unknown> => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-canary-1' }, status } as unknown as KubeObject;
  const cluster = { fetchList: () => Promise.resolve([pod]) } as unknown as Cluster;
  return (await podTrouble(cluster, gathered))[0];
};
const container = (status: JsonObject): Promise<unknown> =>
  told({ containerStatuses: [{ name: 'app', ready: false, ...status }] });

describe('why a canary pod is not ready', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'an image that cannot be had',
      { state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } },
      { reason: 'ImagePullBackOff', message: 'not found', restarts: 0 },
    ],
    [
      'the first end of a container',
      { state: { terminated: ended } },
      { reason: 'Error', message: 'exit code 1: no database', restarts: 0 },
    ],
    [
      'a container that waits for its next start',
      { restartCount: 1, state: { waiting: backOff }, lastState: { terminated: ended } },
      { reason: 'CrashLoopBackOff', message: 'exit code 1: no database', restarts: 1 },
    ],
    [
      'one that has just ended again',
      { restartCount: 2, state: { terminated: ended }, lastState: { terminated: ended } },
      { reason: 'CrashLoopBackOff', message: 'exit code 1: no database', restarts: 2 },
    ],
    [
      'one that has just been started again',
      { restartCount: 1, state: { running: {} }, lastState: { terminated: ended } },
      { reason: 'CrashLoopBackOff', message: 'exit code 1: no database', restarts: 1 },
    ],
    [
      'one that runs and does not get ready',
      { state: { running: {} } },
      { reason: 'NotReady', message: 'the readiness probe does not pass', restarts: 0 },
    ],
  ])('%s', async (_case, status, expected) =>
    expect(await container(status)).toEqual({ name: 'web-canary-1', ...expected }),
  );

  it('nowhere to run', async () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }];
    expect(await told({ phase: 'Pending', conditions })).toEqual({
      name: 'web-canary-1',
      reason: 'Unschedulable',
      message: '0/3 nodes',
    });
  });

  it('says nothing of one that is ready', async () => {
    expect(await told({ conditions: [{ type: 'Ready', status: 'True' }] })).toBeUndefined();
  });
});
