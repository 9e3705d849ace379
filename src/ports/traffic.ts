/**
 * Traffic. A provider says what it works with and which objects it wants to exist for a split; it is pure, and named by its
 * key in the map of providers. From that the one runner makes what the controller works with: changes, and what routes say.
 */
import type { Gvk, KubeObject, ObjectRef, PodTemplate, RefKey, Service } from '../values/kube-object.ts';
import type { Behind, Neighbour } from '../values/behind.ts';
import type { KindUse } from '../values/kind-use.ts';
import type { Problem } from '../values/problem.ts';
import type { Acceptance, ApexRule, RouteFormat, ServiceName } from '../values/route-format.ts';
import type { Feature, Split } from '../values/split.ts';

/** Who is being released: everything a provider may need to know that is not in the live objects. */
export type Target = {
  readonly namespace: string;
  readonly workload: string;
  /** The user's Service (apex) as it is now. */
  readonly apex: Service;
  /** Name of the Service in front of the canary: `<apex>-canary`. */
  readonly canaryService: string;
  /** Owner of what Sluice makes. */
  readonly release: { readonly name: string; readonly uid: string };
  /** Who stands behind the apex. Left out where nothing is put into routes, only taken out. */
  readonly behind?: Behind;
};

/** `replace` is a full body guarded by its resourceVersion, so that a live edit in between is never overwritten. */
export type Change =
  | { readonly op: 'create'; readonly ref: ObjectRef; readonly body: KubeObject; readonly because: string }
  | { readonly op: 'replace'; readonly ref: ObjectRef; readonly body: KubeObject; readonly because: string }
  | { readonly op: 'remove'; readonly ref: ObjectRef; readonly uid?: string; readonly because: string };

export type Live = ReadonlyMap<RefKey, KubeObject>;

export type Capabilities = {
  /** `route`: the split is in route objects. `replicas`: it is the ratio of ready pods, so the canary's size is the weight. */
  readonly splits: 'route' | 'replicas';
  /** What of a split it can bring about. A policy that asks for more is refused. */
  readonly features: ReadonlySet<Feature>;
  /** Smallest difference of weight it can express, in percent. */
  readonly granularity: 1 | 5 | 10;
};

/** A kind that a provider works with. One whose objects are adopted has a format. */
export type Use = KindUse & {
  readonly format?: RouteFormat;
  /** Of a kind that is only read: the Services that an object is about. Depends only on the object. */
  readonly about?: (object: KubeObject) => readonly ServiceName[];
};

/** What is known of a workload's surroundings when its provider is to be found. */
export type Surroundings = {
  readonly target: Target;
  /** Whether the API server serves a kind. */
  readonly served: (gvk: Gvk) => boolean;
  /** Routes that are about the apex. */
  readonly routes: readonly KubeObject[];
  readonly template: PodTemplate;
  /** The target's Namespace, where it may be read. */
  readonly namespace?: KubeObject;
};

/**
 * Why a provider fits. `route`: a route of the user that it splits sends to the apex, so whoever calls through it is split
 * there. `proxy`: pods get a proxy that obeys it. `pods`: it works for every caller, with nothing but pods.
 */
export type Sign = { readonly shows: 'route' | 'proxy' | 'pods'; readonly because: string };

/** A rule of a route of the user's for a subset, with the route's kind and name: `VirtualService/web`. */
export type SubsetRule = ApexRule & { readonly subset: string; readonly route: string };

/** What is known of the subsets of the apex that routes name. */
export type OwnSubsets = {
  /** Those that select the workload's own pods. */
  readonly own: readonly string[];
  /** Whose pods they select as well. */
  readonly shared: readonly Neighbour[];
  /** What cannot be told of others. */
  readonly problems: readonly Problem[];
};

/** What is asked about subsets: the rules that name them, and those that were split until now. */
export type SubsetQuestion = {
  readonly target: Target;
  readonly live: Live;
  readonly rules: readonly SubsetRule[];
  readonly before: readonly string[];
};

export interface TrafficProvider {
  readonly can: Capabilities;
  /** Kinds of meshes and gateways: watches, permissions, webhooks and the docs follow. */
  readonly uses: readonly Use[];
  /** Signs by which `provider: auto` finds it. */
  signs(around: Surroundings): readonly Sign[];
  /** Why requests may not follow a split that is in place: the likely causes, after "Likely causes:". */
  readonly doubts: string;
  /** Whether a route of the user's is passed by a part of the requests that its kind could split, as its author means it. */
  readonly isPartial?: (route: KubeObject) => boolean;
  /** What would keep these splits from working, besides what the formats find in the user's routes. */
  preflight(target: Target, splits: readonly Split[], live: Live): readonly Problem[];
  /**
   * Objects that have to exist for the split, of any kind it owns: whole but for what says whose they are. In the order in
   * which they are to be made. Each is named like the apex or like the canary's Service. `routes` are the user's own that are
   * split and, beside those, any others that decide on the requests for the apex; none where none is split.
   */
  own(target: Target, split: Split, routes: readonly KubeObject[]): readonly KubeObject[];
  /** Where routes may name subsets of a Service: which of them are split. */
  readonly ownSubsets?: (question: SubsetQuestion) => OwnSubsets;
  /** Where the split is not in routes: objects, of kinds that Sluice watches anyway, that it is read from. */
  readonly reads?: (target: Target) => readonly ObjectRef[];
  /** Where the split is not in routes: what these objects say. */
  readonly observe?: (target: Target, live: Live) => Split | 'unknown';
}

/** Where a runner finds live objects. */
export type RouteView = {
  readonly serves: (gvk: Gvk) => boolean;
  readonly get: (ref: ObjectRef) => KubeObject | undefined;
  /** Objects of a kind that are about a Service, in whichever namespace. */
  readonly about: (gvk: Gvk, service: ServiceName) => readonly KubeObject[];
};

/** A provider at work. Everything is pure; the changes are for somebody else to make. */
export interface TrafficRunner {
  readonly name: string;
  readonly can: Capabilities;
  readonly uses: readonly Use[];
  readonly doubts: string;
  /** The live objects a target's split lives in, or that are in the place of one. The other functions want to be given these. */
  shown(target: Target, view: RouteView): Live;
  /** What would keep these splits from working; without any, a split at all. For a person, before the first step. */
  check(target: Target, live: Live, splits?: readonly Split[]): readonly Problem[];
  /** Changes that bring the split about. Idempotent: rendering over its own result is empty. Keeps everything others wrote. */
  render(target: Target, split: Split, live: Live): readonly Change[];
  /** The split the live objects say, or `unknown`. observe(apply(render(s))) = s. */
  observe(target: Target, live: Live): Split | 'unknown';
  accepted(target: Target, live: Live): Acceptance;
  /** Other workloads whose pods get of the traffic that is split: it is all of theirs that the canary gets a share of. */
  sharedWith(target: Target, live: Live): readonly Neighbour[];
  /** Whether a part of the requests is not meant to be split: then the share of all that stable gets is not the weight. */
  isPartial(target: Target, live: Live): boolean;
  /** Changes that take Sluice out of the routes: the user's come back exactly as they were found, live edits survive, made ones go. */
  restore(target: Target, live: Live): readonly Change[];
}
