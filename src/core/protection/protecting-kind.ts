/** Describes a kind whose objects select pods to protect, restrict or monitor them, and how to cover the canary too. */
import type { KindUse } from '../../values/kind-use.ts';
import type { JsonObject, KubeObject } from '../../values/kube-object.ts';
import type { ProtectedPods } from './subject.ts';

/**
 * The companions of an object that does not cover the canary, with `role` to distinguish several; or why there can be none,
 * as a sentence fragment.
 */
export type Missing =
  { readonly copies: readonly { readonly role?: string; readonly spec: JsonObject }[] } | { readonly cannot: string };

/** Names of companions made so far, by `Kind/name` of the original, for objects that refer to them. */
export type Renamed = ReadonlyMap<string, string>;

export type ProtectingKind = {
  readonly use: KindUse;
  /**
   * `security`: without such an object the canary would be exposed or cut off, so the release does not start. `care`:
   * budgets and monitors; the release starts and reports the gap.
   */
  readonly matters: 'security' | 'care';
  /** Companions keep the labels, because operators select these objects by label. */
  readonly keepsLabels?: true;
  /**
   * There are objects of this kind that cannot be copied, or they refer to such: the webhook reads the kind too, so that the
   * answer to a write can say so.
   */
  readonly atAdmission?: true;
  /** Whether an object may apply to pods of other namespaces. */
  readonly reaches?: (object: KubeObject) => boolean;
  /** What the canary needs of an object; undefined if it is covered. */
  readonly missing: (object: KubeObject, pods: ProtectedPods, renamed: Renamed) => Missing | undefined;
};
