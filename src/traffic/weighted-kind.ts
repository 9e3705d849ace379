/** Describes a kind of route that spreads weights over lists of destinations, and reads the lists of such routes. */
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import type { Acceptance, ApexRule, Between, ServiceName } from '../values/route-format.ts';
import { canaryServiceName } from '../core/release/canary.ts';
import type { JsonPath } from '../values/json-values.ts';
import type { Additions } from './additions.ts';
import { readMemo } from './split-memo.ts';
import * as weighted from './weighted-list.ts';

/** One rule's destinations inside an object. */
export type DestinationList = {
  /** Identifies the rule while only its destinations change: its name, or a hash of everything else in it. */
  readonly key: string;
  readonly path: JsonPath;
  readonly destinations: readonly weighted.Destination[];
  /** The only Service whose traffic the list spreads. If absent, the list spreads the traffic of every Service it sends to. */
  readonly of?: ServiceName;
};

/** The particulars of one kind. All functions are pure. */
export type WeightedKind = {
  readonly gvk: Gvk;
  /** The lists of an object, in order. Rules without destinations (redirects, delegations) are left out. */
  readonly lists: (object: KubeObject) => readonly DestinationList[];
  /** The Service that a destination means, in a route of this namespace. */
  readonly serviceOf: (d: weighted.Destination, namespace: string) => ServiceName | undefined;
  /** The same destination, of another Service of the same namespace. */
  readonly sendTo: (d: weighted.Destination, service: string) => weighted.Destination;
  /** The subset of its Service that a destination names; left out for kinds that know no subsets. */
  readonly subsetOf?: (d: weighted.Destination) => string | undefined;
  /** Services whose traffic an object handles, whether or not it sends to them (`RouteFormat.claims`). */
  readonly claims?: (object: KubeObject) => readonly ServiceName[];
  /** Objects of the same kind to which an object delegates requests. */
  readonly delegates?: (object: KubeObject) => readonly ServiceName[];
  /** How it says more of a split than weights; left out for kinds that cannot. */
  readonly additions?: Additions;
  readonly acceptance?: (object: KubeObject) => Acceptance;
};

const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace ?? '';

const isSame = (a: ServiceName | undefined, b: ServiceName): boolean =>
  a !== undefined && a.name === b.name && a.namespace === b.namespace;

type Pair = Pick<Between, 'apex' | 'canaryService'>;

/** Arms by the Service alone: any subset of the apex may have been split by an earlier version or before a rule changed. */
const armsByService = (kind: WeightedKind, object: KubeObject, { apex, canaryService }: Pair): weighted.Arms => {
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

/** Arms for a new split, which leaves out the subsets of other workloads. */
export const armsOf = (kind: WeightedKind, object: KubeObject, between: Between): weighted.Arms => {
  const { arm, toCanary } = armsByService(kind, object, between);
  const isSplit = (subset: string | undefined): boolean =>
    subset === undefined || between.subsets?.includes(subset) === true;
  return {
    arm: (d) => {
      const found = arm(d);
      return found === 'stable' && !isSplit(kind.subsetOf?.(d)) ? 'other' : found;
    },
    toCanary,
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
  const arms = armsByService(kind, object, between);
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

/** Rules that give traffic to the apex, without what Sluice has put into them. */
export const rulesFor = (kind: WeightedKind, object: KubeObject, apex: string): readonly ApexRule[] => {
  const between = { apex, canaryService: canaryServiceName(apex) };
  const arms = armsByService(kind, object, between);
  return liveLists(kind, object, between).flatMap((list) =>
    weighted.givenTo(list.merged, arms).map((d) => {
      const subset = kind.subsetOf?.(d);
      return subset === undefined ? { at: pathText(list) } : { subset, at: pathText(list) };
    }),
  );
};

/** Subsets of the apex that get traffic. */
export const subsetsNamed = (kind: WeightedKind, object: KubeObject, apex: string): ReadonlySet<string> =>
  new Set(rulesFor(kind, object, apex).flatMap(({ subset }) => subset ?? []));

/** The path of a list as shown to people: `http[1].route`. */
export const pathText = ({ path }: Pick<DestinationList, 'path'>): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`)).join('');
