/** Protects the objects that Sluice made, and Releases under way from deletion. Other writers are denied, with the owner's name and what to do instead. */
import { breakGlassAnnotation, workloadAnnotation } from '../../schema/annotations.ts';
import {
  canaryName,
  canarySelector,
  group,
  madeFor,
  kubernetesItself,
  labels,
  managedBy,
  isOurs,
} from '../../schema/names.ts';
import { finalPhases } from '../../schema/release.ts';
import type { KubeObject } from '../../values/kube-object.ts';
import { printable } from '../../values/printable.ts';
import { deny, pass, type AdmissionRequest, type Answer } from './admission-request.ts';

const isKubernetes = (user: string): boolean =>
  user.startsWith(kubernetesItself.prefix) || kubernetesItself.users.some((own) => own === user);

/** Denies writes to Sluice's objects by anybody else. */
export const guard = (request: AdmissionRequest, sluiceUsers: readonly string[]): Answer => {
  if (sluiceUsers.includes(request.user)) return pass();
  if (isCanaryScale(request)) return refused(sized(request));
  const running = request.operation === 'DELETE' ? underWay(request) : undefined;
  if (running !== undefined && !isKubernetes(request.user)) return refused(running);
  const owned = [request.oldObject, request.object].find(isOwned);
  if (owned === undefined || isKubernetes(request.user)) return pass();
  return refused(
    request.oldObject === undefined || !isOwned(request.oldObject) ? reserved(owned) : belongs(owned, request),
  );
};

const refused = (message: string): Answer =>
  deny('guarded', 'the object belongs to Sluice', { code: 403, reason: 'Forbidden', message });

/** Releases have nobody's label: what they are is told by their kind. */
export const isRelease = (object: KubeObject | undefined): boolean =>
  object?.kind === 'Release' && object.apiVersion.startsWith(`${group}/`);

/** The refusal to delete a Release that has begun and is not over; undefined for everything else. */
const underWay = (request: AdmissionRequest): string | undefined => {
  const { oldObject } = request;
  const phase = oldObject?.status?.['phase'];
  if (oldObject === undefined || !isRelease(oldObject) || typeof phase !== 'string' || isFinal(phase)) return undefined;
  const { name, namespace } = oldObject.metadata;
  const workload = workloadOf(oldObject);
  const at = inNamespace(namespace);
  return [
    `Release ${printable(name)} is under way (${printable(phase)})${workload === undefined ? '' : ` for Deployment ${workload}`}, and requests may go to its canary.`,
    `End it with: kubectl sluice abort ${workload ?? 'WORKLOAD'}${at}. It can be deleted then.`,
    breakingTheGlass(request, at),
  ].join(' ');
};

const isFinal = (phase: string): boolean => finalPhases.some((one) => one === phase);

const workloadOf = ({ spec }: KubeObject): string | undefined => {
  const workload = spec?.['workload'];
  const name = typeof workload === 'object' && workload !== null && 'name' in workload ? workload.name : undefined;
  return typeof name === 'string' ? printable(name) : undefined;
};

export const isOwned = (object: KubeObject | undefined): boolean => object !== undefined && isOurs(object);

/** A Scale does not carry its Deployment's labels, so a canary's Scale is recognised by its selector. */
const isCanaryScale = ({ subResource, oldObject }: AdmissionRequest): boolean => {
  const selector = oldObject?.status?.['selector'];
  return subResource === 'scale' && typeof selector === 'string' && selector.split(',').includes(canarySelector);
};

const inNamespace = (namespace: string | undefined): string =>
  namespace === undefined ? '' : ` -n ${printable(namespace)}`;

const reserved = ({ kind }: KubeObject): string =>
  `the label ${labels.managedBy}: ${managedBy} says that Sluice made the ${printable(kind)}. Give yours another value.`;

/** Name of the Release an object was made for, if known. */
export const releaseOf = (object: KubeObject): string | undefined => madeFor(object).name;

const shown = (name: string | undefined): string | undefined => (name === undefined ? undefined : printable(name));

const belongs = (object: KubeObject, request: AdmissionRequest): string => {
  const { metadata } = object;
  const [kind, name] = [printable(object.kind), printable(metadata.name)];
  const [release, workload] = [releaseOf(object), metadata.annotations?.[workloadAnnotation]].map(shown);
  const at = inNamespace(metadata.namespace);
  const of = workload === undefined ? '' : ` of Deployment ${workload}`;
  return [
    `${kind} ${name} belongs to ${release === undefined ? 'Sluice' : `release ${release}${of}`} and goes with it.`,
    `Change ${workload === undefined ? 'the workload it is made from' : `Deployment ${workload}`}${release === undefined ? '' : ` (kubectl get release ${release}${at} shows the release)`},`,
    `or end the release with: kubectl sluice abort ${workload ?? 'WORKLOAD'}${at}.`,
    breakingTheGlass(request, at),
  ].join(' ');
};

/**
 * A request with the annotation gets here only if the user lacks the right: match conditions route the others
 * elsewhere.
 */
const breakingTheGlass = ({ object, oldObject, operation }: AdmissionRequest, at: string): string => {
  const carries = [object, oldObject].some((o) => o?.metadata.annotations?.[breakGlassAnnotation] !== undefined);
  const right = `the verb break-glass on releases.sluice.dev (kubectl auth can-i break-glass releases.sluice.dev${at})`;
  if (carries) return `The annotation ${breakGlassAnnotation} does not help you: it takes ${right}.`;
  const where = operation === 'DELETE' ? ' on it beforehand' : ' in the same write';
  return `In an emergency, users who have ${right} may do it with the annotation ${breakGlassAnnotation}: "<reason>"${where}.`;
};

const sized = ({ name: full = '', namespace }: AdmissionRequest): string => {
  const [name, workload] = [printable(full), printable(full.slice(0, -canaryName('').length))];
  return [
    `Deployment ${name} is the canary of Deployment ${workload}, and its release sets its size: it follows ${workload}, which may be scaled at any time.`,
    `End the release with: kubectl sluice abort ${workload}${inNamespace(namespace)}.`,
    `A HorizontalPodAutoscaler belongs on ${workload}.`,
  ].join(' ');
};
