import { describe, expect, it } from '@jest/globals';
import { AddressPool } from '../cluster/kubelet/address-pool.ts';
import { notStarted } from '../cluster/kubelet/container-view.ts';
import type { ContainerView } from '../cluster/kubelet/container-view.ts';
import { podPhase, renderPodStatus } from '../cluster/kubelet/pod-status.ts';
import type { PodView } from '../cluster/kubelet/pod-status.ts';
import { countAnswer, NO_ANSWERS } from '../cluster/kubelet/probe-loop.ts';
import { forgetsRestarts, isRestarted, restartDelay } from '../cluster/kubelet/restart.ts';
import { viewBefore } from '../cluster/kubelet/restored-view.ts';
import { decidePlacement } from '../cluster/kubelet/schedule.ts';
import { aContainer, aPod } from '../cluster/kubelet/test-support.ts';

const at = Date.parse('2026-01-01T00:00:00Z');
const base = notStarted('web', 'sluice.test/app:v1');
const ended = (exitCode: number) =>
  ({ kind: 'terminated', exitCode, reason: 'Error', startedAt: at, finishedAt: at }) as const;
const running: ContainerView = { ...base, started: true, ready: true, state: { kind: 'running', startedAt: at } };
const exited = (code: number): ContainerView => ({ ...base, state: ended(code) });
const crashLoop: ContainerView = {
  ...base,
  restartCount: 3,
  state: { kind: 'waiting', reason: 'CrashLoopBackOff' },
  last: ended(3),
};
const view = (over: Partial<PodView>): PodView => ({
  restartPolicy: 'Always',
  init: [],
  sidecars: new Set(),
  containers: [running],
  podIP: '10.244.1.1',
  hostIP: '10.244.0.1',
  startedAt: at,
  readinessGates: [],
  conditions: [],
  ...over,
});

describe('the phase of a pod', () => {
  it.each([
    ['one container runs', {}, 'Running'],
    ['nothing was created yet', { containers: [base] }, 'Pending'],
    ['one of two was not created yet', { containers: [running, base] }, 'Pending'],
    ['it crashes again and again', { containers: [crashLoop] }, 'Running'],
    ['it ended well and is to run always', { containers: [exited(0)] }, 'Running'],
    ['it ended well and is to run once', { containers: [exited(0)], restartPolicy: 'Never' }, 'Succeeded'],
    ['it failed and is to run once', { containers: [exited(1), exited(0)], restartPolicy: 'Never' }, 'Failed'],
    ['it failed and is tried again', { containers: [exited(1)], restartPolicy: 'OnFailure' }, 'Running'],
    ['one has ended, one runs', { containers: [exited(0), running], restartPolicy: 'Never' }, 'Running'],
    ['an init container runs', { init: [{ ...running, name: 'i' }], containers: [base] }, 'Pending'],
    [
      'an init container has failed for good',
      { init: [exited(1)], containers: [base], restartPolicy: 'Never' },
      'Failed',
    ],
    [
      'a sidecar outlives the container for a moment',
      {
        init: [{ ...running, name: 's' }],
        sidecars: new Set(['s']),
        containers: [exited(0)],
        restartPolicy: 'Never',
      },
      'Running',
    ],
    [
      'a sidecar was ended after the container',
      {
        init: [{ ...exited(143), name: 's' }],
        sidecars: new Set(['s']),
        containers: [exited(0)],
        restartPolicy: 'Never',
      },
      'Succeeded',
    ],
    [
      'a sidecar has started, the container not yet',
      { init: [{ ...running, name: 's' }], sidecars: new Set(['s']), containers: [base] },
      'Pending',
    ],
  ])('%s', (_case, over, expected) => expect(podPhase(view(over))).toBe(expected));
});

describe('the conditions of a pod', () => {
  const condition = (over: Partial<PodView>, type: string) =>
    renderPodStatus(view(over), at).conditions.find((each) => each.type === type);

  it.each([
    ['ready', {}, 'True', undefined],
    ['one is not', { containers: [running, { ...running, ready: false }] }, 'False', 'ContainersNotReady'],
    [
      'a sidecar is not',
      { init: [{ ...base, name: 's', started: true }], sidecars: new Set(['s']) },
      'False',
      'ContainersNotReady',
    ],
    ['a gate is closed', { readinessGates: ['g'] }, 'False', 'ReadinessGatesNotReady'],
    ['a gate is open', { readinessGates: ['g'], conditions: [{ type: 'g', status: 'True' }] }, 'True', undefined],
    ['it has ended', { containers: [exited(0)], restartPolicy: 'Never' }, 'False', 'PodCompleted'],
  ])('Ready when %s', (_case, over, status, reason) => {
    const found = condition(over, 'Ready');
    expect([found?.status, found?.reason]).toEqual([status, reason]);
  });

  it('keep their transition time until the status changes', () => {
    const before = { type: 'Ready', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' };
    expect(condition({ conditions: [before] }, 'Ready')?.lastTransitionTime).toBe('2025-01-01T00:00:00Z');
    expect(condition({ conditions: [{ ...before, status: 'False' }] }, 'Ready')?.lastTransitionTime).toBe(
      '2026-01-01T00:00:00Z',
    );
  });

  it('render the same text for the same facts, whenever it is asked for', () => {
    const first = renderPodStatus(view({}), at);
    expect(renderPodStatus(view({ conditions: first.conditions }), at + 60_000)).toEqual(first);
  });
});

describe('restarts', () => {
  it.each([
    [0, 0],
    [1, 10_000],
    [2, 20_000],
    [3, 40_000],
    [5, 160_000],
    [6, 300_000],
    [60, 300_000],
  ])('after %i in a row the next waits %i ms, as on a real node', (restarts, expected) =>
    expect(restartDelay(restarts, 10_000)).toBe(expected),
  );

  it('are forgotten after ten minutes of a real node', () =>
    expect([599_999, 600_000].map((ran) => forgetsRestarts(ran, 10_000))).toEqual([false, true]));

  it.each([
    ['Always', 0, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 1, false],
  ])('policy %s, exit code %i', (policy, code, expected) => expect(isRestarted(policy, code)).toBe(expected));

  it.each([
    ['a container that ran', 'Always', { running: {} }, ['waiting', 3, 137]],
    ['one that ran once and for all', 'Never', { running: {} }, ['terminated', 2, undefined]],
    ['one that had ended well', 'OnFailure', { terminated: { exitCode: 0 } }, ['terminated', 2, undefined]],
    ['one that had failed', 'OnFailure', { terminated: { exitCode: 5 } }, ['waiting', 3, 5]],
  ])('of the kubelet: %s', (_case, policy, state, expected) => {
    const status = { containerStatuses: [{ name: 'web', restartCount: 2, state }] };
    const restored = viewBefore({ container: aContainer(), kind: 'main', policy, status }, at);
    expect([restored?.state.kind, restored?.restartCount, restored?.last?.exitCode]).toEqual(expected);
  });

  it('of the kubelet leave a container alone that never ran', () => {
    const status = { containerStatuses: [{ name: 'web', restartCount: 0, state: { waiting: {} } }] };
    expect(viewBefore({ container: aContainer(), kind: 'main', policy: 'Always', status }, at)).toBeUndefined();
  });
});

describe('probe thresholds', () => {
  const established = (answers: string, probe: object) =>
    Array.from(answers).reduce((tally, answer) => countAnswer(tally, answer === '+', probe), NO_ANSWERS).established;

  it.each([
    ['one success is enough', '+', {}, true],
    ['two failures are not', '+--', {}, true],
    ['three are', '+---', {}, false],
    ['a success between starts anew', '+--+--', {}, true],
    ['thresholds of its own', '-++', { successThreshold: 3, failureThreshold: 1 }, false],
    ['and when they are reached', '-+++', { successThreshold: 3, failureThreshold: 1 }, true],
    ['nothing is known before', '--', {}, undefined],
  ])('%s', (_case, answers, probe, expected) => expect(established(answers, probe)).toBe(expected));
});

describe('placement', () => {
  const labels = { 'kubernetes.io/os': 'linux' };
  it.each([
    ['a plain pod', aPod(), 'bind'],
    ['a selector that fits', aPod({ spec: { nodeSelector: labels } }), 'bind'],
    ['a pod that is placed', aPod({ spec: { nodeName: 'other' } }), 'leave'],
    ['a pod on its way out', aPod({ metadata: { deletionTimestamp: 'now' } }), 'leave'],
    ['another scheduler’s pod', aPod({ spec: { schedulerName: 'mine' } }), 'leave'],
    ['a gated pod', aPod({ spec: { schedulingGates: [{ name: 'g' }] } }), 'leave'],
  ])('%s', (_case, pod, expected) => expect(decidePlacement(pod, labels)).toBe(expected));

  it('says why a pod fits nowhere', () =>
    expect(decidePlacement(aPod({ spec: { nodeSelector: { disk: 'gold' } } }), labels)).toEqual({
      unschedulable: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    }));
});

describe('pod addresses', () => {
  it('are used again as late as possible', () => {
    const pool = new AddressPool('10.244.0.0/16');
    const first = pool.take();
    pool.giveBack(first);
    const later = Array.from({ length: 10_000 }, () => pool.take());
    expect(new Set([first, ...later]).size).toBe(10_001);
  });

  it('stay clear of the node and of client proxies', () => {
    const pool = new AddressPool('10.244.0.0/16');
    const all = Array.from({ length: 249 * 254 }, () => pool.take());
    expect(all.filter((address) => /^10\.244\.(0|25\d)\./.test(address))).toEqual([]);
    expect(() => pool.take()).toThrow('no pod address is free');
    pool.giveBack('10.244.7.7');
    expect(pool.take()).toBe('10.244.7.7');
  });

  it('refuse a network they cannot count in', () => {
    expect(() => new AddressPool('10.244.0.0/24')).toThrow('/16');
    expect(new AddressPool('10.1.0.0/16').claim('10.244.1.1')).toBe(false);
  });
});
