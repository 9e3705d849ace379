/** How to detect that a component is ready. `exit`: it is a task and ready once it has exited with 0. */
export type Probe =
  | {
      readonly kind: 'http';
      readonly url: string;
      /** Text the body must contain. Default: any 2xx response counts. */
      readonly includes?: string;
      /** File with trusted certificates. Default: HTTPS is not verified. */
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
  /** Time to exit before it is killed. */
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
  /** Result of its probe; missing for tasks and stopped components. */
  readonly healthy?: boolean;
  /** How it ended: "exit 1", "SIGKILL". */
  readonly ended?: string;
  readonly logFile: string;
};
