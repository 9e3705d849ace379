/** Traffic providers are pure: live objects and a split in, the changes that bring it about out. One runner applies them. */
import type { Gvk, KubeObject, ObjectRef, RefKey, Service } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import type { Percent } from '../values/percent.ts';
import type { KeptRoute } from '../values/route-split.ts';

/** `memory` cannot be asked for in a policy: it is for tests and demonstrations. */
export type ProviderName = 'istio' | 'linkerd' | 'smi' | 'kubernetes' | 'memory';

/** Who is being released: everything a provider may need to know that is not in the live objects. */
export type Target = {
  readonly namespace: string;
  readonly workload: string;
  /** The user's Service (apex) as it is now. */
  readonly apex: Service;
  /** Name of the Service in front of the canary: `<apex>-canary`. */
  readonly canaryService: string;
  /** Owner of generated routes. */
  readonly release: { readonly name: string; readonly uid: string };
};

/** As much of a target as can be told from a route that carries its split. Every Target is one. */
export type RouteTarget = {
  readonly namespace: string;
  readonly apex: { readonly metadata: { readonly name: string } };
  readonly canaryService: string;
  readonly release: { readonly name: string };
};

export type HeaderMatch = {
  readonly header: string;
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
};
/** What a provider must bring about. `canary` is the percentage of requests that go to the canary. */
export type Split = { readonly canary: Percent; readonly match?: readonly HeaderMatch[]; readonly mirror?: Percent };

/** `replace` is a full body guarded by its resourceVersion, so that a live edit in between is never overwritten. */
export type Change =
  | { readonly op: 'create'; readonly ref: ObjectRef; readonly body: KubeObject; readonly because: string }
  | { readonly op: 'replace'; readonly ref: ObjectRef; readonly body: KubeObject; readonly because: string }
  | { readonly op: 'remove'; readonly ref: ObjectRef; readonly uid?: string; readonly because: string };

export type Live = ReadonlyMap<RefKey, KubeObject>;

/** Whether the mesh has taken the routes up. `unknown`: its objects carry no status to tell by. */
export type Acceptance = { readonly accepted: true | false | 'unknown'; readonly because: string };

export type Capabilities = {
  /** `route`: the split is in route objects. `replicas`: it is the ratio of ready pods, so the canary's size is the weight. */
  readonly splits: 'route' | 'replicas';
  readonly headers: boolean;
  readonly mirror: boolean;
  /** Smallest difference of weight it can express, in percent. */
  readonly granularity: 1 | 5 | 10;
};

export interface TrafficProvider {
  readonly name: ProviderName;
  readonly can: Capabilities;
  /** Kinds it reads or writes: watches, RBAC rules and the docs table come from here. */
  readonly kinds: readonly Gvk[];
  /** Whether an object of `kinds` is one this target's split lives in (the user's route that sends to the apex, or our generated one). */
  concerns(target: Target, object: KubeObject): boolean;
  /** Whether it is the user's own route into which the split is put, and not one of ours. */
  adopts(target: Target, object: KubeObject): boolean;
  /**
   * What would keep a split from working. Pure; used before the first step and shown to the person. `live` holds every object
   * for which `concerns` is true. With the plan's weights it also tells which of them these routes cannot express.
   */
  check(target: Target, live: Live, weights?: readonly Percent[]): readonly Problem[];
  /** Changes that bring the split about. Idempotent: rendering over its own result is empty. Keeps everything others wrote. */
  render(target: Target, split: Split, live: Live): readonly Change[];
  /** The split the live objects say, or `unknown`. observe(apply(render(s))) = s. */
  observe(target: Target, live: Live): Split | 'unknown';
  accepted(target: Target, live: Live): Acceptance;
  /** Changes that take Sluice out of the routes: the user's come back exactly as they were found, live edits survive, generated ones go. */
  restore(target: Target, live: Live): readonly Change[];
  /**
   * An object of `kinds` as it is to be stored when somebody other than Sluice writes `object` over `old`: the splits that
   * `old` carries are in it, everything else is as it was sent, and nothing that a client says about splits counts.
   * `object` itself where there is nothing to keep. Two providers of one kind must agree about it.
   */
  keep(old: KubeObject | undefined, object: KubeObject): KeptRoute;
}
