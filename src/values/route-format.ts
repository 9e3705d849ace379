/**
 * What a kind of route is, whichever mesh obeys it: which Services an object is about, and how a split is read from it, put
 * into it and taken out again. Formats are found by group and kind, so several providers may work with one. All of it is pure.
 */
import type { Gvk, KubeObject } from './kube-object.ts';
import type { Problem } from './problem.ts';
import type { CarriedSplit } from './route-split.ts';
import type { Split } from './split.ts';

export type ServiceName = { readonly namespace: string; readonly name: string };

/** The two Services between which a split is: the user's, and the one in front of the canary. */
export type Between = { readonly apex: string; readonly canaryService: string };

/** Whether the mesh has taken a route up. `untold`: the kind, or the mesh, writes nothing to tell by. */
export type Acceptance = {
  readonly state: 'accepted' | 'pending' | 'refused' | 'untold';
  /** A sentence fragment. */
  readonly because: string;
};

export interface RouteFormat {
  /** In the version that is read and written. */
  readonly gvk: Gvk;
  /** Every version that clients may write, that of `gvk` among them. */
  readonly versions: readonly string[];
  /** Services that an object sends to, or whose splits it remembers. Depends on the object alone, so that it can be indexed. */
  about(object: KubeObject): readonly ServiceName[];
  /** Splits that an object carries. */
  read(object: KubeObject): readonly CarriedSplit[];
  /** The object with this split in the place of any other of its apex. Idempotent; everything else in it stays. */
  put(object: KubeObject, split: CarriedSplit): KubeObject;
  /** The object without the split of an apex: as its user wrote it, with the edits made since. */
  take(object: KubeObject, apex: string): KubeObject;
  /** The object with what another remembers of splits in the place of its own memory. */
  remember(from: KubeObject, object: KubeObject): KubeObject;
  /** The one split that all these objects have between the two; undefined where none of them gives the apex any traffic. */
  observe(objects: readonly KubeObject[], between: Between): Split | 'unknown' | undefined;
  /** What keeps these splits from being put into routes of the user. */
  problems(objects: readonly KubeObject[], between: Between, splits: readonly Split[]): readonly Problem[];
  acceptance(object: KubeObject): Acceptance;
}
