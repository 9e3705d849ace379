/** A split as recorded on the route that carries it: all there is to know about a release from the route alone. */
import type { KubeObject } from './kube-object.ts';
import type { Split } from './split.ts';

export type CarriedSplit = {
  /** Name of the Service whose traffic is split. */
  readonly apex: string;
  readonly canaryService: string;
  /** Subsets of the apex that are split; no others are. */
  readonly subsets?: readonly string[];
  readonly split: Split;
  /** Name of the Release; empty if the record is from a version that did not store it. */
  readonly release: string;
};

export type KeptRoute = {
  readonly object: KubeObject;
  /** Splits that had to be kept and are in the object. */
  readonly kept: readonly CarriedSplit[];
  /** Splits that were dropped because the route no longer sends to their Service. */
  readonly gone: readonly CarriedSplit[];
  /** Splits that were removed because only the new object has them. */
  readonly copied: readonly CarriedSplit[];
  /** The route was not processed: this many splits in a route of this size would take too long. */
  readonly tooMuch?: true;
};
