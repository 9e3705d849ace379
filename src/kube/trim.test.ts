import { expect, test } from '@jest/globals';
import type { KubeObject } from '../values/kube-object.ts';
import { accessModesOnly, podState } from './trim.ts';

const pod = (ready: boolean): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-canary-1',
    namespace: 'shop',
    uid: 'u',
    labels: { app: 'web' },
    annotations: { note: 'long' },
  },
  spec: { containers: [{ name: 'app', image: 'app:1' }], readinessGates: [{ conditionType: 'example.com/warm' }] },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    conditions: [
      { type: 'PodScheduled', status: 'True' },
      { type: 'example.com/warm', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
      { type: 'Ready', status: ready ? 'True' : 'False', message: 'containers with unready status: [app]' },
    ],
    containerStatuses: [
      {
        name: 'app',
        image: 'app:1',
        imageID: 'sha256:0',
        ready,
        restartCount: 3,
        lastState: { terminated: { exitCode: 1 } },
      },
    ],
  },
});

test('of a pod it is kept whose it is, and what keeps it from being ready', () => {
  expect(podState(pod(false))).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-canary-1', namespace: 'shop', uid: 'u', labels: { app: 'web' } },
    spec: { readinessGates: [{ conditionType: 'example.com/warm' }] },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'example.com/warm', status: 'True' },
        { type: 'Ready', status: 'False', message: 'containers with unready status: [app]' },
      ],
      containerStatuses: [{ name: 'app', ready: false, restartCount: 3, lastState: { terminated: { exitCode: 1 } } }],
    },
  });
});

test('of a container that is ready, its past is not kept', () =>
  expect(podState(pod(true)).status?.['containerStatuses']).toEqual([{ name: 'app', ready: true, restartCount: 3 }]));

test('of a claim its access modes are kept', () => {
  const claim: KubeObject = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop', uid: 'u', labels: { app: 'web' } },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
    status: { phase: 'Bound' },
  };
  expect(accessModesOnly(claim)).toEqual({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop', uid: 'u' },
    spec: { accessModes: ['ReadWriteMany'] },
  });
});
