/** Complete lists, fetched in pages so that neither side holds thousands of objects as text at once. */
import { apiVersionOf, type Gvk, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { Api, ApiCall, Query } from './api.ts';
import type { Trim } from './trim.ts';

export type ListCall = Pick<ApiCall, 'path' | 'what' | 'accept'> & {
  readonly gvk: Gvk;
  readonly trim: Trim;
  readonly query?: Query;
};

export type FullList = { readonly objects: readonly KubeObject[]; readonly version: string };

/** With pages of 500, listing two thousand objects leaves the process 15 MB larger for good. */
const PAGE = 200;

/**
 * Adds apiVersion and kind, which list items of built-in kinds lack. Throws ClusterError for a value without a name.
 */
export const asObject = (value: unknown, gvk: Gvk): KubeObject => {
  const object = value as { readonly metadata?: { readonly name?: unknown } | null } | null | undefined;
  if (typeof object?.metadata?.name !== 'string')
    throw new ClusterError('server', `the API server sent a ${gvk.kind} without a name`);
  return { ...(object as KubeObject), apiVersion: apiVersionOf(gvk), kind: gvk.kind };
};

type Page = FullList & { readonly next: string | undefined };

const fetchPage = async (api: Api, call: ListCall, page: Query): Promise<Page> => {
  const { path, what, accept, gvk, trim } = call;
  const query = { ...call.query, ...page };
  const body = await api.request({ method: 'GET', path, what, query, ...(accept !== undefined && { accept }) });
  const { items, metadata } = body as { items?: readonly unknown[] | null; metadata?: JsonObject };
  const { resourceVersion, continue: next } = metadata ?? {};
  if (typeof resourceVersion !== 'string') throw new ClusterError('server', `${what}: the answer is not a list`);
  return {
    objects: (items ?? []).map((item) => trim(asObject(item, gvk))),
    version: resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
};

/** A complete list that includes every write made before the call. Rejects with ClusterError. */
export const listPages = async (api: Api, call: ListCall): Promise<FullList> => {
  const first = await fetchPage(api, call, { limit: String(PAGE) });
  const objects = [...first.objects];
  let { next } = first;
  while (next !== undefined) {
    try {
      const page = await fetchPage(api, call, { limit: String(PAGE), continue: next });
      for (const object of page.objects) objects.push(object);
      ({ next } = page);
    } catch (error) {
      // The snapshot behind the pages was compacted meanwhile: fetch everything in one request.
      if (error instanceof ClusterError && error.reason === 'gone') return fetchPage(api, call, {});
      throw error;
    }
  }
  return { objects, version: first.version };
};
