/**
 * A kind of route, independent of the mesh that implements it: which Services an object concerns, and how to read a
 * split from it, put one in and take it out. Formats are found by group and kind, so several providers may share one.
 * Pure.
 */
import type { Gvk, KubeObject } from './kube-object.ts';
import type { Problem } from './problem.ts';
import type { CarriedSplit } from './route-split.ts';
import type { Split } from './split.ts';

export type ServiceName = { readonly namespace: string; readonly name: string };

/** The two Services of a split: the user's and the canary's. */
export type Between = { readonly apex: string; readonly canaryService: string };

/** Whether the mesh has accepted a route. `untold`: the kind or the mesh reports no status. */
export type Acceptance = {
  readonly state: 'accepted' | 'pending' | 'refused' | 'untold';
  /** A sentence fragment. */
  readonly because: string;
};

export interface RouteFormat {
  /** In the version that is read and written. */
  readonly gvk: Gvk;
  /** All versions that clients may write, including that of `gvk`. */
  readonly versions: readonly string[];
  /**
   * Services to which an object sends, or whose splits it records. Depends only on the object, so it can be indexed.
   */
  about(object: KubeObject): readonly ServiceName[];
  /** The splits in an object. */
  read(object: KubeObject): readonly CarriedSplit[];
  /** The object with this split, which replaces any other split of the same apex. Idempotent; keeps everything else. */
  put(object: KubeObject, split: CarriedSplit): KubeObject;
  /** The object without the split of an apex: as its user wrote it, including later edits. */
  take(object: KubeObject, apex: string): KubeObject;
  /** The object with its record of splits replaced by another object's. */
  remember(from: KubeObject, object: KubeObject): KubeObject;
  /**
   * The split that all these objects agree on between the two Services; undefined if none sends any traffic to the
   * apex.
   */
  observe(objects: readonly KubeObject[], between: Between): Split | 'unknown' | undefined;
  /** Why these splits cannot be put into a user's routes. */
  problems(objects: readonly KubeObject[], between: Between, splits: readonly Split[]): readonly Problem[];
  acceptance(object: KubeObject): Acceptance;
}
