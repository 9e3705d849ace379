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

/** In place of a name or a namespace: whichever. No object can be called that. */
export const anyName = '*';

/** Whether a name, with or without wildcards, means a Service. */
export const means = (told: ServiceName, service: ServiceName): boolean =>
  [anyName, service.namespace].includes(told.namespace) && [anyName, service.name].includes(told.name);

/** The two Services of a split: the user's and the canary's. */
export type Between = {
  readonly apex: string;
  readonly canaryService: string;
  /**
   * Of the subsets of the apex that routes may name: those that are split, because they select the workload's own pods.
   * Traffic for any other subset is left alone. Traffic for the apex as a whole is always split.
   */
  readonly subsets?: readonly string[];
};

/** A rule that gives traffic to a Service. */
export type ApexRule = {
  /** The subset of it that gets the traffic; left out where it is the Service as a whole. */
  readonly subset?: string;
  /** For a person, such as `http[1].route`. */
  readonly at: string;
};

/** Whether the mesh has accepted a route. `untold`: the kind or the mesh reports no status. */
export type Acceptance = {
  readonly state: 'accepted' | 'pending' | 'refused' | 'untold';
  /** A sentence fragment. */
  readonly because: string;
};

export interface RouteFormat {
  /** In the version that is watched, read and written. Clients may write others: the API server converts. */
  readonly gvk: Gvk;
  /** Whether it can be read at all. What cannot is about nothing, and nothing is ever put into it. */
  isReadable(object: KubeObject): boolean;
  /**
   * Services to which an object sends, or whose splits it records. Depends only on the object, so it can be indexed.
   */
  about(object: KubeObject): readonly ServiceName[];
  /**
   * Services whose traffic an object decides on, whether or not it sends any to them, for callers that no other object of the
   * kind decides for: its hosts in the mesh, or its root. With `anyName` for wildcards. Empty for kinds in which objects add up.
   */
  claims(object: KubeObject): readonly ServiceName[];
  /** Names of the objects of the kind to which an object hands requests on. */
  delegates(object: KubeObject): readonly ServiceName[];
  /** Rules of an object that give traffic to the apex. */
  rulesFor(object: KubeObject, apex: string): readonly ApexRule[];
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

/** How objects of a kind are found by the Services that they concern. */
export type Concern = {
  readonly gvk: Gvk;
  readonly about: (object: KubeObject) => readonly ServiceName[];
  readonly claims?: (object: KubeObject) => readonly ServiceName[];
};

/** Services that an object concerns, each once, wildcards among them. */
export const concernedBy = ({ about, claims }: Concern, object: KubeObject): readonly ServiceName[] => {
  const all = [...about(object), ...(claims?.(object) ?? [])];
  return [...new Map(all.map((one) => [`${one.namespace}/${one.name}`, one])).values()];
};
