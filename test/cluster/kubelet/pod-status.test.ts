import { describe, expect, it } from '@jest/globals';
import { notStarted } from './container-view.ts';
import type { ContainerView } from './container-view.ts';
import { podPhase, renderPodStatus } from './pod-status.ts';
import type { PodView } from './pod-status.ts';

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
