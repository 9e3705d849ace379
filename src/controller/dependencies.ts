/** What the controller is given by the composition root. */
import type { Logger } from 'pino';
import type { KubeObject } from '../values/kube-object.ts';
import type { RouteFormat } from '../values/route-format.ts';
import type { ReleasePlan } from '../core/plan/plan-of-release.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { KnownProviders } from '../core/policy/provider-plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Journal } from '../ports/journal.ts';
import type { Surroundings, TrafficRunner } from '../ports/traffic.ts';
import type { ReleaseSpec } from '../schema/release.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { FormerTemplates } from './former-templates.ts';
import type { RollLooks } from './roll-look.ts';
import type { ToldHistory } from './tell-history.ts';
import type { Outside } from '../ports/outside.ts';
import type { ReleaseIndex } from './release-index.ts';

/** `provider: auto`: which provider fits, and why. */
export type Detect = (around: Surroundings) => { readonly provider: string; readonly because: string };

export type TrafficPort = {
  /** By name. */
  readonly providers: Readonly<Record<string, TrafficRunner>>;
  /** One for each kind of route that any of them splits. */
  readonly formats: readonly RouteFormat[];
  readonly detect: Detect;
};

/** As written, what it compiles to, and the kind and name of the policy object under it. */
export type WantedPolicy = { readonly spec: ReleaseSpec['policy']; readonly plan: Plan; readonly name?: string };

/** Reads the policy a Release was created with and, for a new one, what the workload's annotations say. */
export type PolicyPort = {
  /** Whether the workload asks for canary releases, or somebody does for it. */
  readonly optedIn: (workload: Pick<KubeObject, 'metadata'>) => boolean;
  /** Whether the workload itself asks, and not just its namespace or a selector. */
  readonly asksItself: (workload: Pick<KubeObject, 'metadata'>) => boolean;
  /** Problems where the policy has become unreadable since the workload was admitted: as sentences. */
  readonly ofWorkload: (
    workload: KubeObject,
  ) => WantedPolicy | { readonly problems: readonly string[]; readonly missing?: true };
  /** What a Release does: the plan it records. The same object for the same spec. */
  readonly planOf: (spec: ReleaseSpec) => ReleasePlan;
};

export type ControllerDependencies = {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly traffic: TrafficPort;
  readonly index: ReleaseIndex;
  /** The same providers as admission knows them, for words about which of them can be used. */
  readonly providers: KnownProviders;
  readonly policies: PolicyPort;
  readonly formerTemplates: FormerTemplates;
  readonly outside: Outside;
  readonly told: ToldHistory;
  readonly rolls: RollLooks;
  readonly journal: Journal;
  readonly metrics: Metrics;
  readonly log: Logger;
};
