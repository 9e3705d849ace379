/** Gathers the facts of one release from the caches. No requests, no decisions. */
import type { Facts } from '../core/release/facts.ts';
import { problemsText } from '../core/release/problem-text.ts';
import { lacksPolicy, specOf } from '../core/release/revised.ts';
import { isFinal } from '../core/release/state.ts';
import { canaryLabelValue, canaryServiceName } from '../core/release/canary.ts';
import { requestsOf } from '../core/requests/release-requests.ts';
import { troubleOf } from '../core/release/pod-trouble.ts';
import { takenOverNote } from '../core/release/taken-over.ts';
import type { Deployment, KubeObject, Labels, EndpointSlice, Service } from '../values/kube-object.ts';
import type { Arms } from '../core/questions/question.ts';
import { telemetryOf } from '../core/judge/telemetry.ts';
import { probePaths } from '../core/template/probe-paths.ts';
import { fromRfc3339, type Instant } from '../values/time.ts';
import { canaryName, labels } from '../schema/names.ts';
import { workloadKey } from './workload-key.ts';
import type { Release, ReleaseSpec, ReleaseStatus } from '../schema/release.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { canaryObjects, goingSince, isGone, type CanaryObjects } from './canary-objects.ts';
import type { ReleaseIndex } from './release-index.ts';
import { ownRoute, routeFacts, routeTakenOver, wayOf, type Route } from './route-facts.ts';
import { asWorker, portMoved } from './rolls-alone.ts';
import { gatherProtection, type Companions } from './protection.ts';
import { blockedBy } from './shared-service.ts';
import { ledPast, stableFacts } from './stable-facts.ts';
import { unfitOf } from './unfit.ts';
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
  readonly canary: Pick<CanaryObjects, 'deployment' | 'service' | 'going'>;
  readonly companions: Companions;
};

export const readRelease = (object: Release): ReleaseObject => ({
  object,
  name: object.metadata.name,
  uid: object.metadata.uid ?? '',
  spec: specOf(object),
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

const refusedOf = ({ status }: ReleaseObject): string | undefined => status?.lastWriteError?.message;

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

const canaryOf = (
  { deployment }: Gathered['canary'],
  slices: Parameters<typeof canaryFacts>[1],
  { apex, workload }: { readonly apex: Service | undefined; readonly workload: Deployment },
): Facts['canary'] => {
  if (deployment === undefined) return undefined;
  const found = canaryFacts(deployment, slices);
  return ledPast(apex, deployment, workload) ? { ...found, ledPast: true } : found;
};

/** Pods that are left of another canary of that name have other labels. */
const podsOf = ({ deps, workload }: Subject, { deployment }: Gathered['canary']): Pick<Facts, 'pods'> => {
  if (deployment === undefined) return { pods: [] };
  const selects = Object.entries(deployment.spec.selector.matchLabels ?? {});
  const pods = deps.index
    .podsOf(namespaceOf(workload), deployment.metadata.name)
    .filter(({ metadata }) => selects.every(([key, value]) => metadata.labels?.[key] === value))
    .flatMap((pod) => troubleOf(pod) ?? []);
  return { pods: pods.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
};

const armsOf = ({ metadata: { namespace = '', name } }: Deployment, service: string): Arms => ({
  namespace,
  workload: name,
  canary: canaryName(name),
  service,
  canaryService: canaryServiceName(service),
});

const autoscaled = (
  { index }: ControllerDependencies,
  { metadata: { namespace = '', name } }: Deployment,
): Pick<Facts['workload'], 'autoscaler'> => {
  const found = index.autoscalerOf(namespace, name);
  return found === undefined ? {} : { autoscaler: { name: found.metadata.name, most: found.spec.maxReplicas } };
};

const stableOf = ({ deps, workload, release }: Subject, route: Route | undefined): Facts['stable'] => {
  if (route === undefined) return undefined;
  const { apex } = route.target;
  // One that is gone, or whose endpoints somebody else writes, tells nothing.
  if (apex.spec.selector === undefined) return undefined;
  const slices = deps.index.slicesOf(namespaceOf(workload), apex.metadata.name);
  return stableFacts({ workload, apex, slices, spec: release.spec });
};

/** What is there for every release, whatever its way to the canary. */
const ownFacts = ({ deps, workload, release, now }: Subject) => ({
  now,
  release: { name: release.name, spec: release.spec, generation: release.object.metadata.generation ?? 1 },
  workload: { ...workloadFacts(workload, deps.policies.optedIn(workload)), ...autoscaled(deps, workload) },
  requests: requestsOf(release.object),
  answers: deps.outside.answers(workloadKey(namespaceOf(workload), workload.metadata.name)),
  ...present({ refused: refusedOf(release) }),
});

const readyWhere = (subject: Subject, route: Route | undefined): readonly EndpointSlice[] | undefined =>
  route?.provider.can.splits === 'replicas'
    ? undefined
    : subject.deps.index.slicesFor(namespaceOf(subject.workload), subject.release);

/** What is known of the way to the canary. */
const wayFacts = (
  { deps, workload }: Subject,
  route: Route | undefined,
  service: string | undefined,
): Pick<Facts, 'route' | 'provider' | 'providerBecause' | 'service' | 'arms'> => ({
  route: routeFacts(deps.cluster, route),
  provider: route?.provider.name ?? 'none',
  ...(route === undefined ? {} : { providerBecause: route.because }),
  ...(service === undefined ? {} : { service, arms: armsOf(workload, service) }),
});

/** The labels of the canary's pods: as they are, or as they will be. */
const canaryLabels = (
  { workload, release }: Subject,
  label: string | undefined,
  made: Deployment | undefined,
): Labels => {
  const stable = workload.spec.template.metadata?.labels ?? {};
  return (
    made?.spec.template.metadata?.labels ?? {
      ...stable,
      ...(label === undefined ? {} : { [label]: canaryLabelValue(stable[label] ?? '') }),
      [labels.arm]: 'canary',
      [labels.releaseUid]: release.uid,
    }
  );
};

type Way = {
  readonly route: Route | undefined;
  readonly label: string | undefined;
  readonly canary: Gathered['canary'];
};

const protectionOfCanary = (subject: Subject, { route, label, canary }: Way) => {
  const { deps, workload, release } = subject;
  const byPods = route?.provider.can.splits === 'replicas';
  return gatherProtection(deps, {
    workload,
    release: { name: release.name, uid: release.uid },
    canary: canaryLabels(subject, byPods ? undefined : label, canary.deployment),
    ...(route === undefined || byPods
      ? {}
      : {
          services: {
            apex: { name: route.target.apex.metadata.name, labels: route.target.apex.metadata.labels ?? {} },
            canary: { name: route.target.canaryService, labels: { [labels.releaseUid]: release.uid } },
          },
        }),
  });
};

export const gather = (subject: Subject): Gathered => {
  const { deps, workload, release } = subject;
  const { plan, problems: unreadable } = deps.policies.planOf(release.spec);
  const { apex, route: found, label, problems } = wayOf(subject, plan);
  const service = apex?.metadata.name;
  const objects = canaryObjects(deps.cluster, workload, service ?? release.status?.service, release);
  const { problems: taken, borrowed, inTheWay, ...canary } = objects;
  const route = borrowed ? ownRoute(found) : found;
  const slices = readyWhere(subject, route);
  const stable = stableOf(subject, found);
  const { problems: misfits, unfit } = unfitOf(stable, found, workload);
  const way = wayFacts(subject, route, service);
  const protection = protectionOfCanary(subject, { route, label, canary });
  const facts: Facts = {
    ...ownFacts(subject),
    ...way,
    plan,
    protection: protection.facts,
    canaryGone: isGone(objects),
    preflight: [...unreadable, ...problems, ...taken, ...misfits, ...protection.problems],
    telemetry: telemetryOf(plan.telemetry, way.provider),
    probes: probePaths(workload.spec.template),
    started: startsOf(slices ?? [], canary.deployment),
    ...podsOf(subject, canary),
    ...present({
      canary: canaryOf(canary, slices, { apex, workload }),
      stable,
      unfit,
      ahead: aheadOf(subject, found),
      roll: deps.rolls.get(workloadKey(namespaceOf(workload), workload.metadata.name)),
      planUnreadable: unreadable.length === 0 ? undefined : problemsText(unreadable),
      policyProblem: policyProblem(subject),
      rollsAlone: apex === undefined ? asWorker(deps, workload, plan) : portMoved(found, stable, release.spec),
      takenOver: takenOver(canary, route),
      canaryGoingSince: goingSince(canary.going),
      inTheWay,
    }),
  };
  return { facts, workload, release, canary, companions: protection.companions, ...present({ route, label }) };
};

/** Why there is no policy to start with. */
const policyProblem = ({ deps, workload, release }: Subject): Facts['policyProblem'] => {
  if ((release.status?.phase ?? 'Pending') !== 'Pending' || !lacksPolicy(release.spec)) return undefined;
  const found = deps.policies.ofWorkload(workload);
  if (!('problems' in found)) return undefined;
  const reason = found.missing === true ? 'PolicyMissing' : 'PolicyUnreadable';
  return { reason, message: found.problems.join(' ') };
};

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The keys that have a value: with exact optional properties an absent key and an undefined one are two things. */
const present = <T extends object>(values: T): Present<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
