/** A kind whose objects select pods to protect, limit or watch them, and what it takes to cover the canary as well. */
import type { KindUse } from '../../values/kind-use.ts';
import type { JsonObject, KubeObject } from '../../values/kube-object.ts';
import type { ProtectedPods } from './subject.ts';

/**
 * Objects to be made beside one that misses the canary. `role` tells several apart. Or why none can be made, as a sentence
 * fragment.
 */
export type Missing =
  { readonly copies: readonly { readonly role?: string; readonly spec: JsonObject }[] } | { readonly cannot: string };

/** What was found before: the companions' names of objects that others refer to, by `Kind/name`. */
export type Renamed = ReadonlyMap<string, string>;

export type ProtectingKind = {
  readonly use: KindUse;
  /**
   * `security`: without it the canary would be more open, or cut off; a release does not start uncovered. `care`: budgets and
   * monitors; a release starts, and says so.
   */
  readonly matters: 'security' | 'care';
  /** Labels by which somebody finds these objects go along, such as those an operator of monitors selects by. */
  readonly keepsLabels?: true;
  /** Objects of other namespaces may select the workload's pods, too. */
  readonly reaches?: (object: KubeObject) => boolean;
  /** What the canary lacks of an object; undefined where it lacks nothing. */
  readonly missing: (object: KubeObject, pods: ProtectedPods, renamed: Renamed) => Missing | undefined;
};
