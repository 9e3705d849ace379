/** A split as the route that carries it remembers it: all that is known of a release where nothing but the route is seen. */
import type { KubeObject } from './kube-object.ts';
import type { Split } from './split.ts';

export type CarriedSplit = {
  /** Name of the Service whose traffic is split. */
  readonly apex: string;
  readonly canaryService: string;
  readonly split: Split;
  /** Name of the Release; empty where the memory is from before releases were noted in it. */
  readonly release: string;
};

export type KeptRoute = {
  readonly object: KubeObject;
  /** Splits that were to be kept and are in the object. */
  readonly kept: readonly CarriedSplit[];
  /** Splits whose Service the route no longer sends to. */
  readonly gone: readonly CarriedSplit[];
  /** Splits that only the new object told of: taken out. */
  readonly copied: readonly CarriedSplit[];
  /** Nothing was kept, nor looked at: so many splits in a route of this size would take too long. */
  readonly tooMuch?: true;
};
