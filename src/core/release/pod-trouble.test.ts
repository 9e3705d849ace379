import { describe, expect, it } from '@jest/globals';
import type { Pod, PodStatus, ContainerStatus } from '../../values/pod.ts';
import type { PodTrouble } from './facts.ts';
import { troubleOf } from './pod-trouble.ts';

const ended = { exitCode: 1, reason: 'Error', message: 'no database\n' };
const backOff = { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' };

const aPod = (status?: PodStatus, rest: Partial<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-canary-1' },
  ...(status === undefined ? {} : { status }),
  ...rest,
});
const container = (status: Partial<ContainerStatus>): PodStatus => ({
  containerStatuses: [{ name: 'app', ready: false, ...status }],
});
const init = (status: Partial<ContainerStatus>, initialized: 'True' | 'False' = 'False'): PodStatus => ({
  conditions: [{ type: 'Initialized', status: initialized }],
  initContainerStatuses: [
    { name: 'fetch', ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
    { name: 'migrate', ready: false, ...status },
  ],
  containerStatuses: [{ name: 'app', ready: false, state: { waiting: { reason: 'PodInitializing' } } }],
});

type Row = [what: string, status: PodStatus, expected: Omit<PodTrouble, 'name'>];

const images: readonly Row[] = [
  [
    'F15: an image that cannot be pulled, in the words of the kubelet',
    container({ state: { waiting: { reason: 'ErrImagePull', message: 'registry.example/none:2: not found' } } }),
    { trouble: 'ImagePullBackOff', reason: 'ErrImagePull', message: 'registry.example/none:2: not found', restarts: 0 },
  ],
  [
    'F15: an image that is not tried again yet',
    container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } }),
    { trouble: 'ImagePullBackOff', reason: 'ImagePullBackOff', message: 'Back-off pulling image', restarts: 0 },
  ],
  [
    'F15: a missing ConfigMap, by its name',
    container({ state: { waiting: { reason: 'CreateContainerConfigError', message: 'configmap "shop" not found' } } }),
    {
      trouble: 'CreateContainerConfigError',
      reason: 'CreateContainerConfigError',
      message: 'configmap "shop" not found',
      restarts: 0,
    },
  ],
  [
    'F15: a program that cannot be started',
    container({ state: { waiting: { reason: 'RunContainerError', message: 'exec: "serve": not found' } } }),
    { trouble: 'CreateContainerError', reason: 'RunContainerError', message: 'exec: "serve": not found', restarts: 0 },
  ],
];

const crashes: readonly Row[] = [
  [
    'F9: the first end of a container',
    container({ state: { terminated: ended } }),
    { trouble: 'CrashLoopBackOff', reason: 'Error', message: 'exit code 1: no database', restarts: 0 },
  ],
  [
    'F9: a container that waits for its next start',
    container({ restartCount: 1, state: { waiting: backOff }, lastState: { terminated: ended } }),
    { trouble: 'CrashLoopBackOff', reason: 'CrashLoopBackOff', message: 'exit code 1: no database', restarts: 1 },
  ],
  [
    'F9: one that has just ended again',
    container({ restartCount: 2, state: { terminated: ended }, lastState: { terminated: ended } }),
    { trouble: 'CrashLoopBackOff', reason: 'CrashLoopBackOff', message: 'exit code 1: no database', restarts: 2 },
  ],
  [
    'F9: one that has just been started again',
    container({ restartCount: 1, state: { running: {} }, lastState: { terminated: ended } }),
    { trouble: 'CrashLoopBackOff', reason: 'CrashLoopBackOff', message: 'exit code 1: no database', restarts: 1 },
  ],
  [
    'F9: one that took too much memory',
    container({
      restartCount: 1,
      state: { waiting: backOff },
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    }),
    { trouble: 'CrashLoopBackOff', reason: 'CrashLoopBackOff', message: 'exit code 137, OOMKilled', restarts: 1 },
  ],
];

const inits: readonly Row[] = [
  [
    'F15: which init container crashes, and how',
    init({ restartCount: 2, state: { waiting: backOff }, lastState: { terminated: { exitCode: 3, reason: 'Error' } } }),
    {
      trouble: 'InitContainerFailed',
      reason: 'CrashLoopBackOff',
      message: 'init container "migrate": exit code 3',
      restarts: 2,
    },
  ],
  [
    'F15: which init container is still at work',
    init({ state: { running: {} } }),
    {
      trouble: 'InitContainerRunning',
      reason: 'NotReady',
      message: 'init container "migrate": is not done yet',
      restarts: 0,
    },
  ],
  [
    'F15: the image of an init container',
    init({ state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } }),
    {
      trouble: 'ImagePullBackOff',
      reason: 'ImagePullBackOff',
      message: 'init container "migrate": not found',
      restarts: 0,
    },
  ],
  [
    'F15: a sidecar that does not get ready',
    init({ state: { running: {} } }, 'True'),
    {
      trouble: 'ReadinessProbeFailing',
      reason: 'NotReady',
      message: 'init container "migrate": the readiness probe does not pass',
      restarts: 0,
    },
  ],
];

const others: readonly Row[] = [
  [
    'F15: nowhere to run, in the words of the scheduler',
    {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }],
    },
    { trouble: 'Unschedulable', reason: 'Unschedulable', message: '0/3 nodes' },
  ],
  [
    'F15: one that runs and does not get ready',
    container({ state: { running: {} } }),
    { trouble: 'ReadinessProbeFailing', reason: 'NotReady', message: 'the readiness probe does not pass', restarts: 0 },
  ],
  [
    'F15: one whose startup probe has not passed',
    container({ started: false, state: { running: {} } }),
    {
      trouble: 'ReadinessProbeFailing',
      reason: 'NotReady',
      message: 'the startup probe has not passed yet',
      restarts: 0,
    },
  ],
  [
    'F15: a sidecar that starts beside a program that crashes',
    {
      containerStatuses: [
        { name: 'proxy', ready: false, state: { running: {} } },
        { name: 'app', ready: false, restartCount: 1, state: { waiting: backOff }, lastState: { terminated: ended } },
      ],
    },
    { trouble: 'CrashLoopBackOff', reason: 'CrashLoopBackOff', message: 'exit code 1: no database', restarts: 1 },
  ],
  [
    'F15: a volume that is not mounted',
    {
      phase: 'Pending',
      conditions: [{ type: 'PodReadyToStartContainers', status: 'False' }],
      ...container({ state: { waiting: { reason: 'ContainerCreating' } } }),
    },
    {
      trouble: 'PodStarting',
      reason: 'ContainerCreating',
      message: 'its volumes or its network are not there yet; kubectl describe pod says which',
    },
  ],
  [
    'F15: an eviction',
    { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
    { trouble: 'PodFailed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
  ],
  ['F15: one that nobody has looked at', {}, { trouble: 'PodStarting', reason: 'Unknown', message: 'not started yet' }],
];

describe('why a canary pod is not ready', () => {
  it.each([...images, ...crashes, ...inits, ...others])('%s', (_what, status, expected) =>
    expect(troubleOf(aPod(status))).toEqual({ name: 'web-canary-1', ...expected }),
  );

  it('F15: a readiness gate that is not met', () => {
    const status: PodStatus = {
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady' },
        { type: 'example.com/warm', status: 'False', message: 'cache is cold' },
      ],
      containerStatuses: [{ name: 'app', ready: true, state: { running: {} } }],
    };
    const spec = { readinessGates: [{ conditionType: 'example.com/warm' }] };
    expect(troubleOf(aPod(status, { spec }))).toEqual({
      name: 'web-canary-1',
      trouble: 'ReadinessGateNotMet',
      reason: 'ReadinessGatesNotReady',
      message: 'readiness gate "example.com/warm" is not met: cache is cold',
    });
    const untold = { ...status, conditions: [{ type: 'Ready', status: 'False' } as const] };
    expect(troubleOf(aPod(untold, { spec }))?.message).toBe('readiness gate "example.com/warm" is not met');
  });

  it.each<[string, Pod]>([
    ['that is ready', aPod({ conditions: [{ type: 'Ready', status: 'True' }] })],
    [
      'that is about to go',
      aPod({}, { metadata: { name: 'web-canary-1', deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    ],
  ])('says nothing of one %s', (_which, pod) => expect(troubleOf(pod)).toBeUndefined());
});
