/** What a mesh has to say about its kind of route, and how a route's part in a release is told from that. */
import type { Gvk, JsonObject, KubeObject } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import type { Acceptance, Capabilities, ProviderName, RouteTarget, Target } from '../ports/traffic.ts';
import { labels, isOurs } from '../schema/names.ts';
import type { JsonPath } from './json-values.ts';
import { readMemo } from './split-memo.ts';
import * as weighted from './weighted-list.ts';

/** One rule's destinations inside an object. */
export type DestinationList = {
  /** Names the rule for as long as only its destinations change: its own name, or a hash of the rest of it. */
  readonly key: string;
  readonly path: JsonPath;
  readonly destinations: readonly weighted.Destination[];
};

/** What is particular to one kind of route. Everything in it is pure. */
export type RouteKind = {
  readonly name: ProviderName;
  readonly can: Capabilities;
  readonly gvk: Gvk;
  /** The lists that could send to the target, in order. Rules without destinations (redirects, delegations) are left out. */
  readonly lists: (target: RouteTarget, object: KubeObject) => readonly DestinationList[];
  readonly arms: (target: RouteTarget, object: KubeObject) => weighted.Arms;
  /** The spec of a route that sends everything to the apex, for a user who has none. */
  readonly generate: (target: Target) => JsonObject;
  readonly accepted?: (object: KubeObject) => Acceptance;
  /** What else would keep a split from working, besides the routes themselves. */
  readonly problems?: (target: Target) => readonly Problem[];
};

/** `adopted`: the user's, sends to the apex. `generated`: ours. `clash`: the user's, and has the name ours would need. */
export type RouteRole = 'adopted' | 'generated' | 'clash' | 'unrelated';

/** Made for a release, and not for the installation. */
const isGenerated = (object: KubeObject): boolean =>
  isOurs(object) && object.metadata.labels?.[labels.release] !== undefined;

export const roleOf = (kind: RouteKind, target: RouteTarget, object: KubeObject): RouteRole => {
  const [group] = object.apiVersion.split('/');
  const near = object.kind === kind.gvk.kind && group === kind.gvk.group;
  if (!near || object.metadata.namespace !== target.namespace) return 'unrelated';
  const named = object.metadata.name === target.apex.metadata.name;
  if (isGenerated(object)) return named ? 'generated' : 'unrelated';
  if (sendsToApex(kind, target, object) || readMemo(object, target.apex.metadata.name) !== undefined) return 'adopted';
  return named ? 'clash' : 'unrelated';
};

const sendsToApex = (kind: RouteKind, target: RouteTarget, object: KubeObject): boolean => {
  const { arm } = kind.arms(target, object);
  return kind.lists(target, object).some(({ destinations }) => destinations.some((d) => arm(d) === 'stable'));
};

/** A list as it is in a live route, and as it would be without Sluice. */
export type LiveList = DestinationList & { readonly merged: readonly weighted.Destination[] };

/** The lists of an object with keys made unique (`key~2`, …): equal rules must not share a memory. */
export const liveLists = (kind: RouteKind, target: RouteTarget, object: KubeObject): readonly LiveList[] => {
  const memo = readMemo(object, target.apex.metadata.name);
  const arms = kind.arms(target, object);
  const seen = new Map<string, number>();
  return kind.lists(target, object).map((list) => {
    const count = (seen.get(list.key) ?? 0) + 1;
    seen.set(list.key, count);
    const key = count === 1 ? list.key : `${list.key}~${count}`;
    return { ...list, key, merged: weighted.mergeList(list.destinations, arms, memo?.weights[key]) };
  });
};
