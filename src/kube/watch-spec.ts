/** Which objects are watched, and how they are asked for. */
import type { Gvk } from '../values/kube-object.ts';
import { collectionPath, resourceName } from './api-path.ts';
import type { Query } from './api.ts';
import type { Trim } from './trim.ts';

export type WatchSpec = {
  readonly gvk: Gvk;
  /** One namespace; all of them when left out. */
  readonly namespace?: string;
  /** This one object alone: all that a role which names its objects lets anybody list and watch. */
  readonly name?: string;
  /** `app=web,tier in (a,b)`. */
  readonly labelSelector?: string;
  /**
   * A custom resource that may not be installed. It is watched from the moment its definition appears until that vanishes.
   * Needs permission to list and watch customresourcedefinitions.
   */
  readonly optional?: boolean;
  /** Ask for names and metadata alone: what the cache holds then has neither spec nor status. */
  readonly metadataOnly?: boolean;
  /** What is left out of the cache; `dropManagedFields` when not said. Use `dropBookkeeping` for kinds that are never replaced. */
  readonly trim?: Trim;
};

/** What a list and a watch of the same objects have in common. */
export type WatchTarget = {
  readonly path: string;
  readonly query: Query;
  /** `deployments.apps in shop`, for messages and logs. */
  readonly what: string;
};

export const watchTarget = ({ gvk, namespace, name, labelSelector }: WatchSpec): WatchTarget => ({
  path: collectionPath(gvk, namespace),
  // The form the API server understands as a name to authorize: another selector for the same object would be refused.
  query: { labelSelector, ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }) },
  what: `${resourceName(gvk)}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`,
});
