/** Gathers the facts of one release from the caches. No requests, no decisions. */
import { canaryServiceName } from '../core/release/canary.ts';
import { distinguishingLabel, findApex } from '../core/release/apex.ts';
import type { Facts, RouteFacts } from '../core/release/facts.ts';
import { problemsText } from '../core/release/waiting.ts';
import { isFinal } from '../core/release/state.ts';
import { requestsOf } from '../core/requests/release-requests.ts';
import { isTakenOver, takenOverNote } from '../core/release/taken-over.ts';
import {
  apiVersionOf,
  refKey,
  type Deployment,
  type Gvk,
  type KubeObject,
  type Service,
  type EndpointSlice,
} from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { weightsOf, type Plan } from '../core/plan/plan.ts';
import type { Arms } from '../core/questions/question.ts';
import { telemetryOf } from '../core/judge/telemetry.ts';
import { planProblems, providerProblems, unserved, type KnownProvider } from '../core/policy/provider-plan.ts';
import type { Problem } from '../values/problem.ts';
import { fromRfc3339, type Instant } from '../values/time.ts';
import type { ClusterView } from '../ports/cluster.ts';
import type { Live, ProviderName, Target, TrafficProvider } from '../ports/traffic.ts';
import { canaryName, labels } from '../schema/names.ts';
import { workloadKey } from './workload-key.ts';
import type { Release, ReleaseSpec, ReleaseStatus } from '../schema/release.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { formerApex } from './former-apex.ts';
import { canaryObjects } from './canary-objects.ts';
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
  readonly route?: { readonly provider: TrafficProvider; readonly target: Target; readonly live: Live };
  /** The label whose value tells canary pods from stable ones; undefined where there is none. */
  readonly label?: string;
  readonly canary: { readonly deployment?: Deployment; readonly service?: Service };
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
  cluster: ClusterView,
  namespace: string,
  workload: string,
  uid?: string,
): readonly ReleaseObject[] =>
  cluster
    .list(kinds.release, namespace)
    .map(readRelease)
    .filter((r) => r.spec.workload.name === workload && (uid === undefined || r.spec.workload.uid === uid))
    .sort(
      (a, b) =>
        Date.parse(a.object.metadata.creationTimestamp ?? '') - Date.parse(b.object.metadata.creationTimestamp ?? '') ||
        a.name.localeCompare(b.name, 'en', { numeric: true }),
    );

/** The live objects a target's split lives in. */
export const liveOf = (cluster: ClusterView, provider: TrafficProvider, target: Target): Live => {
  const found = provider.kinds.flatMap((gvk) =>
    cluster.serves(gvk)
      ? cluster
          .list(gvk, target.namespace)
          .filter((o) => provider.concerns(target, o))
          .map((o) => [gvk, o] as const)
      : [],
  );
  return new Map(found.map(([gvk, o]) => [refKey({ gvk, namespace: target.namespace, name: o.metadata.name }), o]));
};

type Route = NonNullable<Gathered['route']>;

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

const chooseRoute = ({ deps, workload, release }: Subject, plan: Plan, apex: Service): Route => {
  const target: Target = {
    namespace: namespaceOf(workload),
    workload: workload.metadata.name,
    apex,
    canaryService: canaryServiceName(apex.metadata.name),
    release: { name: release.name, uid: release.uid },
  };
  // Once chosen, it stays: a route that is split by one provider has to be given back by the same.
  const fixed = release.status?.provider ?? (plan.provider === 'auto' ? detect(deps, workload, target) : plan.provider);
  const provider = deps.traffic.providers[fixed as ProviderName];
  return { provider, target, live: liveOf(deps.cluster, provider, target) };
};

const detect = ({ cluster, traffic }: ControllerDependencies, { spec }: Deployment, target: Target): ProviderName => {
  const served = (gvk: Gvk): boolean => cluster.serves(gvk);
  const routeKinds = Object.values(traffic.providers).flatMap(({ kinds: own }) => own);
  const routes = [...new Set(routeKinds)].filter(served).flatMap((gvk) => cluster.list(gvk, target.namespace));
  const namespace = served(kinds.namespace) ? cluster.get({ gvk: kinds.namespace, name: target.namespace }) : undefined;
  return traffic.detect({ target, served, routes, template: spec.template, ...present({ namespace }) }).provider;
};

const routeFacts = (cluster: ClusterView, route: Route | undefined): RouteFacts => {
  if (route === undefined) return { splits: 'route', observed: 'unknown', pristine: true };
  const { provider, target, live } = route;
  const observed = provider.observe(target, live);
  const acceptance = provider.accepted(target, live);
  const missing = unserved(knownOf(cluster, provider));
  return {
    splits: provider.can.splits,
    observed: observed === 'unknown' ? 'unknown' : { weight: observed.canary },
    pristine: provider.restore(target, live).length === 0,
    ...(acceptance.accepted === false ? { refused: acceptance.because } : {}),
    ...(missing === undefined ? {} : { unserved: `the provider ${provider.name} ${missing}` }),
  };
};

const slicesOf = (cluster: ClusterView, release: ReleaseObject, namespace: string): readonly EndpointSlice[] =>
  cluster.list(kinds.endpointSlice, namespace).filter((s) => s.metadata.labels?.[labels.release] === release.name);

const refusedOf = ({ status }: ReleaseObject): string | undefined => status?.lastWriteError?.message;

const aheadOf = ({ deps, workload, all, release }: Subject, route: Route | undefined): string | undefined => {
  const own = all.slice(0, all.indexOf(release)).find((r) => r.status === undefined || !isFinal(r.status.phase))?.name;
  if (own !== undefined || route?.provider.can.splits !== 'route') return own;
  const { name } = workload.metadata;
  const service = route.target.apex.metadata.name;
  return blockedBy(deps.cluster, deps.traffic, { namespace: namespaceOf(workload), workload: name, service });
};

/** Without its Service a release leads nowhere, but what it has put into routes has to come out of them. */
const wayBack = (subject: Subject, plan: Plan): { route?: Route } => {
  const { deps, workload, release } = subject;
  const { service, provider } = release.status ?? {};
  if (service === undefined || provider === undefined) return {};
  return { route: chooseRoute(subject, plan, formerApex(deps.cluster, namespaceOf(workload), service)) };
};

/** Everything about the way to the canary: the Service, the route, the label, and what is wrong with any of them. */
const wayOf = (
  subject: Subject,
  plan: Plan,
): { apex?: Service; route?: Route; label?: string; problems: readonly Problem[] } => {
  const { deps, workload, release } = subject;
  const services = deps.cluster.list(kinds.service, namespaceOf(workload));
  const found = findApex(workload, services, release.status?.service ?? plan.service);
  if ('problems' in found) return { problems: found.problems, ...wayBack(subject, plan) };
  const route = chooseRoute(subject, plan, found.apex);
  const label = distinguishingLabel(workload, found.apex);
  const missing = 'problems' in label && route.provider.can.splits === 'route' ? label.problems : [];
  return {
    apex: found.apex,
    route,
    ...('key' in label ? { label: label.key } : {}),
    problems: [
      ...missing,
      ...ableProblems(deps, knownOf(deps.cluster, route.provider), plan),
      ...route.provider.check(route.target, route.live, weightsOf(plan)),
    ],
  };
};

/** What admission says of a provider that is named, of the one that was found. */
const ableProblems = ({ providers }: ControllerDependencies, known: Known, plan: Plan): readonly Problem[] => [
  ...providerProblems(known, providers),
  ...planProblems(known, weightsOf(plan)),
];

type Known = KnownProvider & { readonly name: string };

const knownOf = (cluster: ClusterView, { name, can, kinds: own }: TrafficProvider): Known => ({
  name,
  can,
  missing: () => own.filter((gvk) => !cluster.serves(gvk)).map((gvk) => `${gvk.kind} (${apiVersionOf(gvk)})`),
});

/** The user's own route is theirs anyway: only what Sluice made can be taken over. */
const takenOver = (canary: Gathered['canary'], route: Route | undefined): Facts['takenOver'] => {
  const routes = [...(route?.live.values() ?? [])];
  const made = [canary.deployment, canary.service].filter((object) => object !== undefined);
  const note = takenOverNote([...made, ...routes]);
  return note === undefined ? undefined : { note, route: routes.some(isTakenOver) };
};

/** Counters of these pods began at zero, and not before their Deployment was made. */
const startsOf = (
  slices: readonly EndpointSlice[],
  deployment: Deployment | undefined,
): ReadonlyMap<string, Instant> => {
  const at = fromRfc3339(deployment?.metadata.creationTimestamp);
  return new Map(at === undefined ? [] : podNames(slices).map((pod) => [pod, at]));
};

/** What a route says while its Service has the canary of another workload is that one's split. */
const ownRoute = (route: Route | undefined): Route | undefined =>
  route?.provider.can.splits === 'route' ? undefined : route;

const canaryOf = (canary: Gathered['canary'], slices: Parameters<typeof canaryFacts>[1]): Facts['canary'] =>
  canary.deployment === undefined ? undefined : canaryFacts(canary.deployment, slices);

const armsOf = ({ metadata: { namespace = '', name } }: Deployment, service: string): Arms => ({
  namespace,
  workload: name,
  canary: canaryName(name),
  service,
  canaryService: canaryServiceName(service),
});

/** What is there for every release, whatever its way to the canary. */
const ownFacts = ({ deps, workload, release, now }: Subject) => ({
  now,
  release: { name: release.name, spec: release.spec, generation: release.object.metadata.generation ?? 1 },
  workload: workloadFacts(workload, deps.policies.optedIn(workload)),
  requests: requestsOf(release.object),
  answers: deps.outside.answers(workloadKey(namespaceOf(workload), workload.metadata.name)),
  ...present({ refused: refusedOf(release) }),
});

const readyWhere = (subject: Subject, route: Route | undefined): readonly EndpointSlice[] | undefined =>
  route?.provider.can.splits === 'replicas'
    ? undefined
    : slicesOf(subject.deps.cluster, subject.release, namespaceOf(subject.workload));

/** What is known of the way to the canary. */
const wayFacts = (
  { deps, workload }: Subject,
  route: Route | undefined,
  service: string | undefined,
): Pick<Facts, 'route' | 'provider' | 'service' | 'arms'> => ({
  route: routeFacts(deps.cluster, route),
  provider: route?.provider.name ?? 'none',
  ...(service === undefined ? {} : { service, arms: armsOf(workload, service) }),
});

export const gather = (subject: Subject): Gathered => {
  const { deps, workload, release } = subject;
  const { plan, problems: unreadable } = deps.policies.planOf(release.spec);
  const { apex, route: found, label, problems } = wayOf(subject, plan);
  const service = apex?.metadata.name;
  const objects = canaryObjects(deps.cluster, workload, service ?? release.status?.service);
  const { problems: taken, borrowed, ...canary } = objects;
  const route = borrowed ? ownRoute(found) : found;
  const slices = readyWhere(subject, route);
  const way = wayFacts(subject, route, service);
  const facts: Facts = {
    ...ownFacts(subject),
    ...way,
    plan,
    canaryGone: canary.deployment === undefined && canary.service === undefined,
    preflight: [...unreadable, ...problems, ...taken],
    telemetry: telemetryOf(plan.telemetry, way.provider),
    started: startsOf(slices ?? [], canary.deployment),
    ...present({
      canary: canaryOf(canary, slices),
      ahead: aheadOf(subject, found),
      planUnreadable: unreadable.length === 0 ? undefined : problemsText(unreadable),
      takenOver: takenOver(canary, route),
    }),
  };
  return { facts, workload, release, canary, ...present({ route, label }) };
};

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The keys that have a value: with exact optional properties an absent key and an undefined one are two things. */
const present = <T extends object>(values: T): Present<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
