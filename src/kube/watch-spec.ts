/** Which objects are watched, and how they are requested. */
import type { Gvk } from '../values/kube-object.ts';
import { collectionPath, resourceName } from './api-path.ts';
import type { Query } from './api.ts';
import type { Trim } from './trim.ts';

export type WatchSpec = {
  readonly gvk: Gvk;
  /** One namespace. Default: all. */
  readonly namespace?: string;
  /** A single object, for roles that grant list and watch by resourceName. */
  readonly name?: string;
  /** `app=web,tier in (a,b)`. */
  readonly labelSelector?: string;
  /**
   * A custom resource that may not be installed. It is watched while its CustomResourceDefinition exists. Needs
   * permission to list and watch customresourcedefinitions.
   */
  readonly optional?: boolean;
  /** Requests only metadata: cached objects have neither spec nor status. */
  readonly metadataOnly?: boolean;
  /**
   * Reduces objects before they are cached. Default: `dropManagedFields`. Use `dropBookkeeping` for kinds never
   * replaced.
   */
  readonly trim?: Trim;
};

/** The part of a request that the list and the watch share. */
export type WatchTarget = {
  readonly path: string;
  readonly query: Query;
  /** `deployments.apps in shop`, for messages and logs. */
  readonly what: string;
};

export const watchTarget = ({ gvk, namespace, name, labelSelector }: WatchSpec): WatchTarget => ({
  path: collectionPath(gvk, namespace),
  // The API server authorizes only this form of selector against resourceNames.
  query: { labelSelector, ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }) },
  what: `${resourceName(gvk)}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`,
});
