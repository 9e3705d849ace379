/** What the composition root passes to the controller. */
import type { Logger } from 'pino';
import type { RouteFormat } from '../values/route-format.ts';
import type { KnownProviders } from '../core/policy/provider-plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { PolicyPort } from '../ports/policies.ts';
import type { Journal } from '../ports/journal.ts';
import type { Surroundings, TrafficRunner } from '../ports/traffic.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { FormerTemplates } from './former-templates.ts';
import type { RollLooks } from './roll-look.ts';
import type { ToldHistory } from './tell-history.ts';
import type { Outside } from '../ports/outside.ts';
import type { ReleaseIndex } from './release-index.ts';

/** For `provider: auto`: chooses the provider, and says why. */
export type Detect = (around: Surroundings) => { readonly provider: string; readonly because: string };

export type TrafficPort = {
  /** By name. */
  readonly providers: Readonly<Record<string, TrafficRunner>>;
  /** One for each kind of route that any of them splits. */
  readonly formats: readonly RouteFormat[];
  readonly detect: Detect;
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
