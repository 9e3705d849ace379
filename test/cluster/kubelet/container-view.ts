/** State of a container; times are milliseconds since the epoch. */
export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: number }
  | Terminated;

export interface Terminated {
  readonly kind: 'terminated';
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** The data of one container in a pod's status. */
export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly restartCount: number;
  readonly started: boolean;
  readonly ready: boolean;
  readonly state: ContainerState;
  readonly last?: Terminated;
}

/** A container before its first start. */
export function notStarted(name: string, image: string, reason = 'ContainerCreating'): ContainerView {
  return { name, image, restartCount: 0, started: false, ready: false, state: { kind: 'waiting', reason } };
}
