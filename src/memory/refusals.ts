/** The API server's refusals as errors of the Cluster port. */
import type { Gvk, ObjectRef } from '../values/kube-object.ts';
import { ClusterError, type ClusterErrorReason } from '../ports/cluster.ts';

/** `deployments.apps`, the way an API server names a kind. */
export const resourceName = (gvk: Gvk): string => (gvk.group === '' ? gvk.plural : `${gvk.plural}.${gvk.group}`);

/** `deployments.apps shop/web`. */
export const refText = ({ gvk, namespace, name }: ObjectRef): string =>
  `${resourceName(gvk)} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** An error that says what was refused, followed by the API server's message. */
export const refusal = (reason: ClusterErrorReason, what: string, words: string): ClusterError =>
  new ClusterError(reason, `${what}: ${words}`);

const quoted = ({ gvk, name }: ObjectRef): string => `${resourceName(gvk)} "${name}"`;

export const notServed = (what: string): ClusterError =>
  refusal('not-found', what, 'the server could not find the requested resource');

export const notFound = (what: string, ref: ObjectRef): ClusterError =>
  new ClusterError('not-found', `${what}: ${quoted(ref)} not found`, { missing: ref.name });

export const alreadyExists = (what: string, ref: ObjectRef): ClusterError =>
  refusal('already-exists', what, `${quoted(ref)} already exists`);

export const hasChanged = (what: string, ref: ObjectRef): ClusterError =>
  refusal(
    'conflict',
    what,
    `Operation cannot be fulfilled on ${quoted(ref)}: the object has been modified; please apply your changes to the latest version and try again`,
  );

export const anotherUid = (what: string, wanted: string, found: string): ClusterError =>
  refusal('conflict', what, `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`);

export const misfits = (what: string, cause: unknown): ClusterError =>
  new ClusterError('conflict', `${what}: the patch does not fit the object as it is now`, { cause });

export const noNamespace = (what: string, name: string): ClusterError =>
  refusal('not-found', what, `namespaces "${name}" not found`);

export const beingTerminated = (what: string, ref: ObjectRef): ClusterError =>
  refusal(
    'forbidden',
    what,
    `${quoted(ref)} is forbidden: unable to create new content in namespace ${ref.namespace ?? ''} because it is being terminated`,
  );

export const invalid = (what: string, ref: ObjectRef, problem: string): ClusterError =>
  refusal('invalid', what, `${ref.gvk.kind}.${ref.gvk.group} "${ref.name}" is invalid: ${problem}`);
