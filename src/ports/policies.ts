/** What the controller asks about policies. */
import type { Plan } from '../core/plan/plan.ts';
import type { ReleasePlan } from '../core/plan/plan-of-release.ts';
import type { ReleaseSpec } from '../schema/release.ts';
import type { KubeObject } from '../values/kube-object.ts';

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
