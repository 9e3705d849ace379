import type { ContainerView, Terminated } from './container-view.ts';
import type { Container, PodStatus } from './kube-types.ts';
import { isRestarted } from './restart.ts';

export interface Restored {
  readonly container: Container;
  readonly kind: 'init' | 'main';
  /** The effective restart policy of this container. */
  readonly policy: string;
  readonly status: PodStatus | undefined;
}

interface WireState {
  readonly running?: object;
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

/**
 * A container's initial state after a restart of the kubelet. A terminated container stays terminated. One that was
 * running has ended with an unknown result; if its policy says so, it is restarted and its restart count goes on.
 * Undefined for a container that never ran. `now` is in milliseconds since the epoch.
 */
export function viewBefore(restored: Restored, now: number): ContainerView | undefined {
  const { container, kind, policy, status } = restored;
  const list = kind === 'init' ? status?.initContainerStatuses : status?.containerStatuses;
  const before = list?.find((each) => each.name === container.name);
  const state = (before?.state ?? {}) as WireState;
  const last = lastOf(state, now);
  if (before === undefined || last === undefined) return undefined;
  const restarts = isRestarted(policy, last.exitCode);
  return {
    name: container.name,
    image: container.image,
    restartCount: (before.restartCount ?? 0) + (restarts ? 1 : 0),
    started: false,
    ready: false,
    state: restarts ? { kind: 'waiting', reason: 'ContainerCreating' } : last,
    ...(restarts ? { last } : {}),
  };
}

function lastOf(state: WireState, now: number): Terminated | undefined {
  if (state.terminated) {
    const { exitCode, reason = 'Error', message, startedAt = '', finishedAt = '' } = state.terminated;
    const times = { startedAt: Date.parse(startedAt) || now, finishedAt: Date.parse(finishedAt) || now };
    return { kind: 'terminated', exitCode, reason, ...(message === undefined ? {} : { message }), ...times };
  }
  if (state.running === undefined) return undefined;
  return {
    kind: 'terminated',
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located after the kubelet was restarted',
    startedAt: now,
    finishedAt: now,
  };
}
