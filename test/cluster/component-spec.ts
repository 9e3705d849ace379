/** How to tell that a component works. `exit`: it is a task, and works when it has ended with 0. */
export type Probe =
  | {
      readonly kind: 'http';
      readonly url: string;
      /** Text the body must hold; without it any 2xx answer will do. */
      readonly includes?: string;
      /** File with the certificates to trust; without it https answers are not verified. */
      readonly ca?: string;
    }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'exit' };

/** One process of a cluster, as data: the supervisor knows nothing else about it. */
export type ComponentSpec = {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Names of components that must be ready before this one starts. */
  readonly needs: readonly string[];
  readonly ready: Probe;
  readonly readyWithinMs: number;
  /** How long it may take to end by itself before it is killed. */
  readonly stopWithinMs: number;
  readonly logFile: string;
};

export type ComponentState = 'stopped' | 'starting' | 'ready' | 'done' | 'exited';

export type ComponentStatus = {
  readonly name: string;
  readonly state: ComponentState;
  /** As seen inside the cluster's namespace. */
  readonly pid?: number;
  readonly residentBytes?: number;
  /** Answer of its probe just now; absent for tasks and for what is not running. */
  readonly healthy?: boolean;
  /** How it ended: "exit 1", "SIGKILL". */
  readonly ended?: string;
  readonly logFile: string;
};
