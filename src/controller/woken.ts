/** Which releases a change of a route or of a Service is about: theirs is looked at again, and no other. */
import { isDeepStrictEqual } from 'node:util';
import { servicesSelecting } from '../core/release/apex.ts';
import { protectingKinds } from '../core/protection/protecting-kinds.ts';
import { specOf } from '../core/release/revised.ts';
import { maxLabelLength } from '../core/release/canary.ts';
import { anyName, concernedBy, type Concern, type ServiceName } from '../values/route-format.ts';
import {
  isA,
  isSameKind,
  type Deployment,
  type EndpointSlice,
  type Gvk,
  type KubeObject,
  type Service,
} from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Release } from '../schema/release.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import { canaryName } from '../schema/names.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { isOpen, isWaiting, serviceOfSlice } from './release-index.ts';

type Deps = Pick<ControllerDependencies, 'cluster' | 'index' | 'traffic'>;

/** The Services whose canary may need an object of this name: a release that has not begun may wait for it to be free. */
const inTheWayOf = (name: string): readonly string[] =>
  name.endsWith(canaryName('')) ? [name, name.slice(0, -canaryName('').length)] : [name];

/** A canary's Service of a long name does not tell all of it. */
const isCutOff = (name: string): boolean => name.length === maxLabelLength && name.endsWith(canaryName(''));

const templateLabels = ({ cluster }: Deps, release: Release): Readonly<Record<string, string>> => {
  const { namespace = '' } = release.metadata;
  const workload = cluster.get({ gvk: kinds.deployment, namespace, name: release.spec.workload.name });
  return workload?.spec.template.metadata?.labels ?? {};
};

/** Whether a release that has not begun could come to split the traffic of a Service: by name, or by any of its states. */
const couldSplit = (deps: Deps, release: Release, name: string, states: readonly Service[]): boolean => {
  const { service } = specOf(release).policy;
  if (service !== undefined) return service === name;
  return servicesSelecting(templateLabels(deps, release), states).length > 0;
};

const statesOf = (
  { cluster }: Deps,
  { object, before }: ClusterChange,
  { namespace, name }: ServiceName,
): readonly Service[] => {
  const changed = [object, before].flatMap((state) =>
    state !== undefined && isA(state, kinds.service) && state.metadata.name === name ? [state] : [],
  );
  const stored = cluster.get({ gvk: kinds.service, namespace, name });
  return [...changed, ...(stored === undefined ? [] : [stored])];
};

/** Releases that have not begun and may be about one of these Services. */
const waitingOn = (
  deps: Deps,
  change: ClusterChange,
  namespace: string,
  services: readonly string[],
): readonly Release[] => {
  const waiting = deps.index.waiting(namespace);
  if (waiting.length === 0) return [];
  const states = [...new Set(services)].map((name) => ({ name, states: statesOf(deps, change, { namespace, name }) }));
  return waiting.filter((release) => states.some(({ name, states: of }) => couldSplit(deps, release, name, of)));
};

/** How objects of a kind are found by Services; undefined for kinds that are found by their names, or by nothing. */
const concernOf = ({ traffic }: Deps, gvk: Gvk): Concern | undefined => {
  const format = traffic.formats.find((one) => isSameKind(one.gvk, gvk));
  if (format !== undefined) return format;
  const uses = Object.values(traffic.providers).flatMap((provider) => provider.uses);
  return uses.flatMap(({ gvk: kind, about }) =>
    about === undefined || !isSameKind(kind, gvk) ? [] : [{ gvk: kind, about }],
  )[0];
};

/** Services that a change is about, wildcards among them. */
const servicesOf = (deps: Deps, { gvk, object, before }: ClusterChange): readonly ServiceName[] => {
  const { namespace = '', name } = object.metadata;
  if (isSameKind(gvk, kinds.service)) return [{ namespace, name }];
  const concern = concernOf(deps, gvk);
  const states = concern === undefined ? [] : [object, before].filter((state) => state !== undefined);
  return states.flatMap((state) => (concern === undefined ? [] : concernedBy(concern, state)));
};

/** Whether a change can be told to be about some Services: a Service, a route, or what stands beside routes by its name. */
const isAboutServices = (deps: Deps, gvk: Gvk): boolean =>
  isSameKind(gvk, kinds.service) ||
  concernOf(deps, gvk) !== undefined ||
  Object.values(deps.traffic.providers).some(({ uses }) =>
    uses.some((use) => isSameKind(use.gvk, gvk) && !use.access.includes('read')),
  );

/** Releases of every namespace that a wildcard means. */
const openIn = ({ cluster, index }: Deps, namespace: string): readonly Release[] =>
  namespace === anyName ? cluster.list(kinds.release).filter(isOpen) : index.open(namespace);

/** Releases that split the traffic of these Services, or may come to, in one namespace. */
const onServices = (
  deps: Deps,
  change: ClusterChange,
  namespace: string,
  names: readonly string[],
): readonly Release[] =>
  names.includes(anyName)
    ? openIn(deps, namespace)
    : [...names.flatMap((name) => deps.index.onService(namespace, name)), ...waitingOn(deps, change, namespace, names)];
/** Whether pods of a workload come to be ready in a slice, or cease to: how many they are is nobody's question. */
const answersChange = (object: EndpointSlice, before: KubeObject | undefined): boolean =>
  before === undefined || !isA(before, kinds.endpointSlice) || readyStems(object) !== readyStems(before);

/** Several workloads may stand behind one Service; the names of their pods differ in all but the last two parts. */
const readyStems = ({ endpoints = [] }: EndpointSlice): string => {
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
  const stems = ready.map(({ targetRef }) => (targetRef?.name ?? '').split('-').slice(0, -2).join('-'));
  return [...new Set(stems)].sort().join(' ') + (ready.length > 0 ? '!' : '');
};

const onServiceOf = ({ index }: Deps, { metadata }: EndpointSlice): readonly Release[] => {
  const service = serviceOfSlice(metadata);
  return service === undefined ? [] : index.onService(metadata.namespace ?? '', service);
};

/** Whether it may be about pods of other namespaces. */
const reachesFar = (gvk: Gvk, { object, before }: ClusterChange): boolean => {
  const { reaches } = protectingKinds.find(({ use }) => isSameKind(use.gvk, gvk)) ?? {};
  return reaches !== undefined && [object, before].some((state) => state !== undefined && reaches(state));
};

/** What belongs to no namespace says by which policy a release starts that has not started yet. */
const wokenFromAbove = ({ cluster, index }: Deps, { gvk, object }: ClusterChange): readonly Release[] => {
  if (isSameKind(gvk, kinds.clusterCanaryPolicy)) return cluster.list(kinds.release).filter(isWaiting);
  return isSameKind(gvk, kinds.namespace) ? index.waiting(object.metadata.name) : [];
};

/** Releases to look at again, now that somebody has changed an object that Sluice did not make. */
export const wokenBy = (deps: Deps, change: ClusterChange): readonly Release[] => {
  const { gvk, object, before } = change;
  const { namespace = '', name } = object.metadata;
  // It reports every few seconds, and what it may do counts in the moment a release ends.
  if (isSameKind(gvk, kinds.autoscaler)) return [];
  if (isA(object, kinds.endpointSlice)) return answersChange(object, before) ? onServiceOf(deps, object) : [];
  if (reachesFar(gvk, change)) return deps.cluster.list(kinds.release).filter(isOpen);
  if (namespace === '') return wokenFromAbove(deps, change);
  if (!isAboutServices(deps, gvk)) return deps.index.open(namespace);
  const services = Map.groupBy(servicesOf(deps, change), (service) => service.namespace);
  return [
    ...[...services].flatMap(([of, found]) => onServices(deps, change, of, [...new Set(found.map((one) => one.name))])),
    ...(isCutOff(name) ? deps.index.waiting(namespace) : waitingOn(deps, change, namespace, inTheWayOf(name))),
  ];
};

/** Releases that may have waited for one that is over: those that could split the traffic of the same Service. */
export const wokenByEnd = (deps: Deps, change: ClusterChange, service: string | undefined): readonly Release[] =>
  service === undefined
    ? deps.index.waiting(change.object.metadata.namespace ?? '')
    : waitingOn(deps, change, change.object.metadata.namespace ?? '', [service]);

const podLabels = (workload: KubeObject | undefined): unknown =>
  workload !== undefined && isA(workload, kinds.deployment) ? workload.spec.template.metadata?.labels : undefined;

/** Releases that have not begun, where other pods may now stand behind their Service, or be what a subset of it selects. */
export const wokenByPods = (
  { index }: Pick<Deps, 'index'>,
  { type, before }: Pick<ClusterChange, 'type' | 'before'>,
  workload: Deployment,
): readonly Release[] => {
  const { namespace = '', name } = workload.metadata;
  if (type === 'set' && isDeepStrictEqual(podLabels(before), podLabels(workload))) return [];
  return index.waiting(namespace).filter(({ spec }) => spec.workload.name !== name);
};
