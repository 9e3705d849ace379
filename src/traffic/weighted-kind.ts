/** What there is to say about a kind of route that spreads weights over lists of destinations, and its lists read by that. */
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import type { Acceptance, Between, ServiceName } from '../values/route-format.ts';
import type { JsonPath } from './json-values.ts';
import { readMemo } from './split-memo.ts';
import * as weighted from './weighted-list.ts';

/** One rule's destinations inside an object. */
export type DestinationList = {
  /** Names the rule for as long as only its destinations change: its own name, or a hash of the rest of it. */
  readonly key: string;
  readonly path: JsonPath;
  readonly destinations: readonly weighted.Destination[];
  /** The only Service whose traffic the list spreads, whatever else it sends to; any that it sends to when left out. */
  readonly of?: ServiceName;
};

/** What is particular to one kind. Everything in it is pure. */
export type WeightedKind = {
  readonly gvk: Gvk;
  /** Every version that clients may write; that of `gvk` alone when left out. */
  readonly versions?: readonly string[];
  /** The lists of an object, in order. Rules without destinations (redirects, delegations) are left out. */
  readonly lists: (object: KubeObject) => readonly DestinationList[];
  /** The Service that a destination means, in a route of this namespace. */
  readonly serviceOf: (d: weighted.Destination, namespace: string) => ServiceName | undefined;
  /** The same destination, of another Service of the same namespace. */
  readonly sendTo: (d: weighted.Destination, service: string) => weighted.Destination;
  readonly acceptance?: (object: KubeObject) => Acceptance;
};

const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace ?? '';

const isSame = (a: ServiceName | undefined, b: ServiceName): boolean =>
  a !== undefined && a.name === b.name && a.namespace === b.namespace;

export const armsOf = (kind: WeightedKind, object: KubeObject, { apex, canaryService }: Between): weighted.Arms => {
  const namespace = namespaceOf(object);
  return {
    arm: (d) => {
      const service = kind.serviceOf(d, namespace);
      if (isSame(service, { namespace, name: apex })) return 'stable';
      return isSame(service, { namespace, name: canaryService }) ? 'canary' : 'other';
    },
    toCanary: (d) => kind.sendTo(d, canaryService),
  };
};

/** Services that lists of the object could be split for. */
export const servicesIn = (kind: WeightedKind, object: KubeObject): readonly ServiceName[] =>
  kind.lists(object).flatMap(({ destinations, of }) => {
    const services = destinations.flatMap((d) => kind.serviceOf(d, namespaceOf(object)) ?? []);
    return of === undefined ? services : services.filter((service) => isSame(service, of));
  });

/** A list as it is in a live route, and as it would be without Sluice. */
export type LiveList = DestinationList & { readonly merged: readonly weighted.Destination[] };

/** The lists that a split between the two is in, with keys made unique (`key~2`, …): equal rules must not share a memory. */
export const liveLists = (kind: WeightedKind, object: KubeObject, between: Between): readonly LiveList[] => {
  const memo = readMemo(object, between.apex);
  const arms = armsOf(kind, object, between);
  const seen = new Map<string, number>();
  const apex = { namespace: namespaceOf(object), name: between.apex };
  return kind
    .lists(object)
    .filter(({ of }) => of === undefined || isSame(of, apex))
    .map((list) => {
      const count = (seen.get(list.key) ?? 0) + 1;
      seen.set(list.key, count);
      const key = count === 1 ? list.key : `${list.key}~${count}`;
      return { ...list, key, merged: weighted.mergeList(list.destinations, arms, memo?.weights[key]) };
    });
};

/** Lists of a live route that give the apex traffic. */
export const sendingLists = (kind: WeightedKind, object: KubeObject, between: Between): readonly LiveList[] => {
  const arms = armsOf(kind, object, between);
  return liveLists(kind, object, between).filter(({ merged }) => weighted.stableUnits(merged, arms) > 0);
};
