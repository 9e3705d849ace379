/** The way to the canary: the Service, the provider, the live routes, and what is wrong with any of them. No requests, no decisions. */
import { canaryServiceName } from '../core/release/canary.ts';
import {
  chosenLabel,
  distinguishingLabel,
  findApex,
  findApexOfEither,
  type ApexAnswer,
  type LabelAnswer,
} from '../core/release/apex.ts';
import type { RouteFacts } from '../core/release/facts.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import { splitsOf, type Plan } from '../core/plan/plan.ts';
import { planProblems, providerProblems, unserved, type KnownProvider } from '../core/policy/provider-plan.ts';
import { missingKinds } from '../values/kind-use.ts';
import type { Deployment, Gvk, KubeObject, Service } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import { kinds } from '../schema/kinds.ts';
import type { ReleaseSpec, ReleaseStatus } from '../schema/release.ts';
import type { ClusterView } from '../ports/cluster.ts';
import type { Live, Target, TrafficRunner } from '../ports/traffic.ts';
import { behindOf } from './behind.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { missedWith } from './protection.ts';
import { canaryName, isOurs } from '../schema/names.ts';
import { formerApex } from './former-apex.ts';

/** A provider, whom it splits traffic for, and the live objects it splits. */
export type Route = {
  readonly provider: TrafficRunner;
  /** Why this provider, as a sentence fragment. */
  readonly because: string;
  readonly target: Target;
  readonly live: Live;
};

/** Whose route is looked for. */
export type RouteSubject = {
  readonly deps: Pick<ControllerDependencies, 'cluster' | 'index' | 'traffic' | 'providers'>;
  readonly workload: Deployment;
  readonly release: {
    readonly name: string;
    readonly uid: string;
    readonly status: ReleaseStatus | undefined;
    readonly spec: Pick<ReleaseSpec, 'stable'>;
  };
};

type Deps = RouteSubject['deps'];

/** The provider of that name. A release may have been begun by a version of Sluice that has others. */
export const providerNamed = ({ traffic }: Pick<Deps, 'traffic'>, name: string): TrafficRunner => {
  const found = traffic.providers[name];
  if (found !== undefined) return found;
  const known = Object.keys(traffic.providers).join(', ');
  throw new Error(`this version of Sluice has no traffic provider ${name}, with which the release began (${known})`);
};

/** The live objects a target's split lives in. */
export const liveOf = (
  { cluster, index }: Pick<Deps, 'cluster' | 'index'>,
  provider: TrafficRunner,
  target: Target,
): Live =>
  provider.shown(target, {
    serves: (gvk) => cluster.serves(gvk),
    get: (ref) => cluster.get(ref),
    about: (gvk, service) => index.routesAbout(gvk, service),
  });

const namespaceOf = (object: Pick<KubeObject, 'metadata'>): string => object.metadata.namespace ?? '';

const chooseRoute = ({ deps, workload, release }: RouteSubject, plan: Plan, apex: Service): Route => {
  const target: Target = {
    namespace: namespaceOf(workload),
    workload: workload.metadata.name,
    apex,
    canaryService: canaryServiceName(apex.metadata.name),
    release: { name: release.name, uid: release.uid },
    behind: behindOf(deps.index, workload, apex),
  };
  // Once chosen, it stays: a route that is split by one provider has to be given back by the same.
  const { provider: name, because } = chosenBefore(release) ?? chosen(deps, workload, { plan, target });
  const provider = providerNamed(deps, name);
  return { provider, because, target, live: liveOf(deps, provider, target) };
};

type Choice = { readonly provider: string; readonly because: string };

const chosenBefore = ({ status }: RouteSubject['release']): Choice | undefined =>
  status?.provider === undefined
    ? undefined
    : { provider: status.provider, because: status.providerBecause ?? 'the release began with it' };

const chosen = (
  deps: Deps,
  workload: Deployment,
  { plan: { provider }, target }: { readonly plan: Plan; readonly target: Target },
): Choice => (provider === 'auto' ? detect(deps, workload, target) : { provider, because: 'the policy names it' });

const detect = ({ cluster, index, traffic }: Deps, { spec }: Deployment, target: Target): Choice => {
  const served = (gvk: Gvk): boolean => cluster.serves(gvk);
  const apex = { namespace: target.namespace, name: target.apex.metadata.name };
  const routes = traffic.formats.filter(({ gvk }) => served(gvk)).flatMap(({ gvk }) => index.routesAbout(gvk, apex));
  const namespace = served(kinds.namespace) ? cluster.get({ gvk: kinds.namespace, name: target.namespace }) : undefined;
  const around = { target, served, routes, template: spec.template };
  return traffic.detect(namespace === undefined ? around : { ...around, namespace });
};

export const routeFacts = (cluster: ClusterView, route: Route | undefined): RouteFacts => {
  if (route === undefined) return { splits: 'route', observed: 'unknown', pristine: true, accepted: 'untold' };
  const { provider, target, live } = route;
  const { state, because } = provider.accepted(target, live);
  const missing = unserved(knownOf(cluster, provider));
  return {
    splits: provider.can.splits,
    observed: provider.observe(target, live),
    pristine: provider.restore(target, live).length === 0,
    accepted: state,
    acceptance: because,
    doubts: provider.doubts,
    ...(provider.can.splits === 'replicas' ? { pods: podsOf(cluster, target) } : {}),
    ...sharedOf(route),
    ...(provider.isPartial(target, live) ? { partial: true } : {}),
    ...(missing === undefined ? {} : { unserved: `the provider ${provider.name} ${missing}` }),
  };
};

/** Ready pods of both arms, where the Service has no route but only them. Those of other workloads answer beside stable's. */
const podsOf = (cluster: ClusterView, { namespace, workload, behind }: Target): NonNullable<RouteFacts['pods']> => {
  const ready = (name: string): number =>
    cluster.get({ gvk: kinds.deployment, namespace, name })?.status?.readyReplicas ?? 0;
  const others = behind?.others.reduce((sum, one) => sum + one.ready, 0) ?? 0;
  return { canary: ready(canaryName(workload)), stable: ready(workload) + others };
};

const sharedOf = ({ provider, target, live }: Route): Pick<RouteFacts, 'shared'> => {
  const others = provider.sharedWith(target, live);
  if (others.length === 0) return {};
  const replicas = others.reduce((sum, one) => sum + one.replicas, 0);
  return { shared: { workloads: others.map(({ name }) => name), replicas } };
};

/** Without its Service a release leads nowhere, but what it has put into routes has to come out of them. */
const wayBack = (subject: RouteSubject, plan: Plan): { route?: Route } => {
  const { deps, workload, release } = subject;
  const { service, provider } = release.status ?? {};
  if (service === undefined || provider === undefined) return {};
  return { route: chooseRoute(subject, plan, formerApex(deps.cluster, namespaceOf(workload), service)) };
};

/** Where the Service is known by name, and fits, the others of the namespace are not looked at. */
const apexOf = (
  cluster: ClusterView,
  { workload, release }: Pick<RouteSubject, 'workload' | 'release'>,
  plan: Plan,
): ApexAnswer => {
  const namespace = namespaceOf(workload);
  const wanted = release.status?.service ?? plan.service;
  const known = wanted === undefined ? undefined : cluster.get({ gvk: kinds.service, namespace, name: wanted });
  const found = known === undefined ? undefined : findApex(workload, [known], wanted);
  if (found !== undefined && 'apex' in found) return found;
  const stable = release.spec.stable?.labels;
  return findApexOfEither(workload, cluster.list(kinds.service, namespace), { wanted, stable });
};

/** Once chosen, it stays: what selects by it may come and go while the canary's pods carry it. */
const labelOf = (deps: Deps, workload: Deployment, apex: Service): LabelAnswer => {
  const { namespace = '', name } = workload.metadata;
  const canary = deps.cluster.get({ gvk: kinds.deployment, namespace, name: canaryName(name) });
  const chosen = canary !== undefined && isOurs(canary) ? chosenLabel(workload, canary) : undefined;
  return chosen === undefined ? distinguishingLabel(workload, apex, missedWith(deps, workload)) : { key: chosen };
};

/** Everything about the way to the canary: the Service, the route, the label, and what is wrong with any of them. */
export const wayOf = (
  subject: RouteSubject,
  plan: Plan,
): { apex?: Service; route?: Route; label?: string; problems: readonly Problem[] } => {
  const { deps, workload } = subject;
  const found = apexOf(deps.cluster, subject, plan);
  if ('problems' in found) return { problems: found.problems, ...wayBack(subject, plan) };
  const route = chooseRoute(subject, plan, found.apex);
  const label = labelOf(deps, workload, found.apex);
  const missing = 'problems' in label && route.provider.can.splits === 'route' ? label.problems : [];
  return {
    apex: found.apex,
    route,
    ...('key' in label ? { label: label.key } : {}),
    problems: [
      ...missing,
      ...ableProblems(deps, knownOf(deps.cluster, route.provider), plan),
      ...route.provider.check(route.target, route.live, splitsOf(plan)),
    ],
  };
};

/** What admission says of a provider that is named, of the one that was found. */
const ableProblems = ({ providers }: Deps, known: Known, plan: Plan): readonly Problem[] => {
  const splits = splitsOf(plan);
  return [...providerProblems(known, providers, splits), ...planProblems(known, splits)];
};

type Known = KnownProvider & { readonly name: string };

const knownOf = (cluster: ClusterView, { name, can, uses }: TrafficRunner): Known => ({
  name,
  can,
  missing: (asked) => missingKinds(uses, asked, (gvk) => cluster.serves(gvk)),
});

/** Whether somebody has taken over a route that Sluice made. The user's own route is theirs anyway. */
export const routeTakenOver = (route: Route | undefined): boolean =>
  [...(route?.live.values() ?? [])].some(isTakenOver);

/** What a route says while its Service has the canary of another workload is that one's split. */
export const ownRoute = (route: Route | undefined): Route | undefined =>
  route?.provider.can.splits === 'route' ? undefined : route;
