/** What the controller is given by the composition root. */
import type { Logger } from 'pino';
import type { KubeObject, Labels } from '../core/kube-object.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Round } from '../core/release/facts.ts';
import type { Instant } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Journal } from '../ports/journal.ts';
import type { Live, ProviderName, Target, TrafficProvider } from '../ports/traffic.ts';
import type { ReleaseSpec } from '../schema/release.ts';

/** The provider of a release and why it was chosen, as a sentence. */
export type Choice = { readonly provider: TrafficProvider; readonly because: string };

export type TrafficPort = {
  readonly byName: (name: ProviderName) => TrafficProvider;
  /** For `provider: auto`: from what is served, the routes that point at the apex, and sidecars. */
  readonly detect: (target: Target, template: Labels, read: (provider: TrafficProvider) => Live) => Choice;
};

/** Whom a round of checks is about, and over which window. */
export type RoundAsk = {
  readonly policy: Policy;
  readonly provider: string;
  readonly arms: {
    readonly namespace: string;
    readonly workload: string;
    readonly canary: string;
    readonly service: string;
    readonly canaryService: string;
  };
  readonly from: Instant;
  readonly to: Instant;
  readonly weight: number;
};

/** Asks the sources and judges. Never rejects: a source that cannot be reached is an inconclusive result that says so. */
export type MeasureRound = (ask: RoundAsk) => Promise<Round>;

/** What the controller tells about a release, for metrics. */
export type ReleaseObserver = {
  readonly observed: (release: KubeObject) => void;
  readonly checked: (release: KubeObject, round: Round) => void;
  readonly routed: (provider: string, op: string) => void;
  readonly forgotten: (namespace: string, workload: string) => void;
  readonly reconciled: (seconds: number, error?: string) => void;
};

/** Reads the policy a Release was created with and, for a new one, what the workload's annotations say. */
export type PolicyPort = {
  readonly ofRelease: (spec: ReleaseSpec) => Policy;
  readonly ofWorkload: (workload: KubeObject) => { readonly spec: ReleaseSpec['policy']; readonly name?: string };
};

export type ControllerDependencies = {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly traffic: TrafficPort;
  readonly policies: PolicyPort;
  readonly measure: MeasureRound;
  readonly journal: Journal;
  readonly observer: ReleaseObserver;
  readonly log: Logger;
};
