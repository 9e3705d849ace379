/** Gathers the facts of one release from the caches. No requests, no decisions. */
import type { Facts, Request } from '../core/release/facts.ts';
import { isFinal } from '../core/release/state.ts';
import { takenOverNote } from '../core/release/taken-over.ts';
import type { Deployment, KubeObject, Service, EndpointSlice } from '../values/kube-object.ts';
import { fromRfc3339, type Instant } from '../values/time.ts';
import { requestAnnotation } from '../schema/annotations.ts';
import { requestVerbs, type Release, type ReleaseSpec, type ReleaseStatus } from '../schema/release.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { canaryObjects } from './canary-objects.ts';
import type { ReleaseIndex } from './release-index.ts';
import { ownRoute, routeFacts, routeTakenOver, wayOf, type Route } from './route-facts.ts';
import { blockedBy } from './shared-service.ts';
import { canaryFacts, podNames, workloadFacts } from './workload-facts.ts';

/** A Release whose spec and status have been read. */
export type ReleaseObject = {
  readonly object: Release;
  readonly name: string;
  readonly uid: string;
  readonly spec: ReleaseSpec;
  readonly status: ReleaseStatus | undefined;
};

/** The facts, and the objects they were read from, for the effects. */
export type Gathered = {
  readonly facts: Facts;
  readonly workload: Deployment;
  readonly release: ReleaseObject;
  readonly route?: Route;
  /** The label whose value tells canary pods from stable ones; undefined where there is none. */
  readonly label?: string;
  readonly canary: { readonly deployment?: Deployment; readonly service?: Service };
  /** The canary's pods behind routes, and since when they can have run at the earliest. */
  readonly started: ReadonlyMap<string, Instant>;
};

export const readRelease = (object: Release): ReleaseObject => ({
  object,
  name: object.metadata.name,
  uid: object.metadata.uid ?? '',
  spec: object.spec,
  status: object.status,
});

/** Releases of one workload, oldest first. */
export const releasesOf = (
  index: ReleaseIndex,
  namespace: string,
  workload: string,
  uid?: string,
): readonly ReleaseObject[] =>
  index
    .ofWorkload(namespace, workload)
    .map(readRelease)
    .filter((r) => uid === undefined || r.spec.workload.uid === uid)
    .sort(
      (a, b) =>
        Date.parse(a.object.metadata.creationTimestamp ?? '') - Date.parse(b.object.metadata.creationTimestamp ?? '') ||
        a.name.localeCompare(b.name, 'en', { numeric: true }),
    );

/** What one gathering is about. */
export type Subject = {
  readonly deps: ControllerDependencies;
  readonly workload: Deployment;
  readonly release: ReleaseObject;
  /** All Releases of the workload, oldest first. */
  readonly all: readonly ReleaseObject[];
  readonly now: Instant;
};

const namespaceOf = (object: Pick<KubeObject, 'metadata'>): string => object.metadata.namespace ?? '';

type RawRequest = Partial<Record<keyof Request, string>>;

/** The request on a Release, if it can be read; the webhook has refused what cannot. */
export const requestOf = (release: Release): Request | undefined => {
  const text = release.metadata.annotations?.[requestAnnotation];
  if (text === undefined) return undefined;
  try {
    const { id, verb, by, reason } = JSON.parse(text) as RawRequest;
    const known = requestVerbs.find((v) => v === verb);
    if (id === undefined || known === undefined) return undefined;
    return { id, verb: known, ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
  } catch {
    return undefined;
  }
};

const refusedOf = ({ status }: ReleaseObject): string | undefined => status?.refused?.words;

const aheadOf = ({ deps, workload, all, release }: Subject, route: Route | undefined): string | undefined => {
  const own = all.slice(0, all.indexOf(release)).find((r) => r.status === undefined || !isFinal(r.status.phase))?.name;
  if (own !== undefined || route?.provider.can.splits !== 'route') return own;
  const { name } = workload.metadata;
  const service = route.target.apex.metadata.name;
  return blockedBy(deps, { namespace: namespaceOf(workload), workload: name, service });
};

/** The user's own route is theirs anyway: only what Sluice made can be taken over. */
const takenOver = (canary: Gathered['canary'], route: Route | undefined): Facts['takenOver'] => {
  const routes = [...(route?.live.values() ?? [])];
  const made = [canary.deployment, canary.service].filter((object) => object !== undefined);
  const note = takenOverNote([...made, ...routes]);
  return note === undefined ? undefined : { note, route: routeTakenOver(route) };
};

/** Counters of these pods began at zero, and not before their Deployment was made. */
const startsOf = (
  slices: readonly EndpointSlice[],
  deployment: Deployment | undefined,
): ReadonlyMap<string, Instant> => {
  const at = fromRfc3339(deployment?.metadata.creationTimestamp);
  return new Map(at === undefined ? [] : podNames(slices).map((pod) => [pod, at]));
};

const canaryOf = (canary: Gathered['canary'], slices: Parameters<typeof canaryFacts>[1]): Facts['canary'] =>
  canary.deployment === undefined ? undefined : canaryFacts(canary.deployment, slices);

export const gather = (subject: Subject): Gathered => {
  const { deps, workload, release } = subject;
  const policy = deps.policies.ofRelease(release.spec);
  const { apex, route: found, label, problems } = wayOf(subject, policy);
  const service = apex?.metadata.name;
  const {
    problems: taken,
    borrowed,
    ...canary
  } = canaryObjects(deps.cluster, workload, service ?? release.status?.service);
  const route = borrowed ? ownRoute(found) : found;
  const slices =
    route?.provider.can.splits === 'replicas' ? undefined : deps.index.slicesFor(namespaceOf(workload), release.name);
  const facts: Facts = {
    now: subject.now,
    release: { name: release.name, spec: release.spec, generation: release.object.metadata.generation ?? 1 },
    policy,
    workload: workloadFacts(workload, deps.policies.optedIn(workload)),
    canaryGone: canary.deployment === undefined && canary.service === undefined,
    route: routeFacts(deps.cluster, route),
    provider: route?.provider.name ?? 'none',
    preflight: [...problems, ...taken],
    ...present({
      canary: canaryOf(canary, slices),
      service,
      ahead: aheadOf(subject, found),
      request: requestOf(release.object),
      refused: refusedOf(release),
      takenOver: takenOver(canary, route),
    }),
  };
  const started = startsOf(slices ?? [], canary.deployment);
  return { facts, workload, release, canary, started, ...present({ route, label }) };
};

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The keys that have a value: with exact optional properties an absent key and an undefined one are two things. */
const present = <T extends object>(values: T): Present<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
