/** The ReplicaSets of a Deployment: finds them, matches one to the template, and builds new ones. */
import { createHash } from 'node:crypto';
import {
  gvk,
  type Condition,
  type Deployment,
  type KubeObject,
  type Labels,
  type OwnerReference,
  type PodTemplate,
  type ReplicaSet,
} from '../values/kube-object.ts';
import type { MemoryServer } from './memory-server.ts';
import { sameJson } from '../values/same-json.ts';
import type { SetSize } from './rollout.ts';

/** A ReplicaSet with what its own controller says of it. */
export type OwnedSet = ReplicaSet & {
  readonly status?: {
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
};

export const replicaSets = gvk<OwnedSet>('apps/v1', 'ReplicaSet', 'replicasets');

export const hashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';

/** Annotations of a Deployment that its ReplicaSets do not inherit. */
const notInherited = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  desiredAnnotation,
]);

const nothing: Labels = {};

export const isOwnedBy = ({ metadata }: KubeObject, uid: string | undefined): boolean =>
  metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;

/** The newest first. */
export const setsOf = (server: MemoryServer, { metadata }: Deployment): readonly OwnedSet[] =>
  server
    .owned(replicaSets, metadata.uid ?? '')
    .filter((set) => isOwnedBy(set, metadata.uid))
    .sort((a, b) => revisionOf(b) - revisionOf(a));

/** ReplicaSets without a controller that match the selector, left behind by an earlier Deployment. */
export const strays = (server: MemoryServer, { metadata, spec }: Deployment): readonly KubeObject[] => {
  const wanted = spec.selector.matchLabels ?? nothing;
  if (Object.keys(wanted).length === 0) return [];
  return server.select(replicaSets, metadata.namespace ?? '', wanted).filter(isFree);
};

/** Whether the object has no controller. */
export const isFree = ({ metadata: { ownerReferences = [] } }: KubeObject): boolean =>
  ownerReferences.every(({ controller }) => controller !== true);

export const revisionOf = ({ metadata }: Pick<KubeObject, 'metadata'>): number =>
  Number(metadata.annotations?.[revisionAnnotation] ?? 0);

export const sizeOf = ({ metadata, spec, status }: OwnedSet): SetSize => ({
  name: metadata.name,
  wanted: spec.replicas ?? 1,
  pods: status?.replicas ?? 0,
  available: status?.availableReplicas ?? 0,
});

export const isOfTemplate = ({ spec }: OwnedSet, template: PodTemplate): boolean =>
  sameJson(withoutHash(spec.template), template);

const withoutHash = (template: PodTemplate): PodTemplate => {
  const { [hashLabel]: _hash, ...labels } = template.metadata?.labels ?? nothing;
  return { ...template, metadata: { ...template.metadata, labels } };
};

/** How often the name of a new ReplicaSet was already taken. */
export const collisionsOf = ({ status }: Pick<Deployment, 'status'>): number =>
  (status as { readonly collisionCount?: number } | undefined)?.collisionCount ?? 0;

/** A hash of the template, ten characters long. */
const hashOf = (template: PodTemplate, collisions: number): string =>
  createHash('sha256')
    .update(JSON.stringify(collisions === 0 ? template : [template, collisions]))
    .digest('hex')
    .slice(0, 10);

export const inherited = ({ metadata, spec }: Deployment, revision: number): Labels => ({
  ...Object.fromEntries(Object.entries(metadata.annotations ?? nothing).filter(([key]) => !notInherited.has(key))),
  [revisionAnnotation]: String(revision),
  [desiredAnnotation]: String(spec.replicas ?? 1),
});

/** The ReplicaSet of a Deployment's template. */
export const newSet = (deployment: Deployment, replicas: number, revision: number): KubeObject => {
  const { metadata, spec } = deployment;
  const hash = hashOf(spec.template, collisionsOf(deployment));
  const labels = { ...spec.template.metadata?.labels, [hashLabel]: hash };
  const body = {
    replicas,
    selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash } },
    template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace ?? '',
      labels,
      annotations: inherited(deployment, revision),
      ownerReferences: [ownerOf('apps/v1', 'Deployment', metadata)],
    },
    spec: body,
  };
};

export const ownerOf = (
  apiVersion: string,
  kind: string,
  { name, uid = '' }: KubeObject['metadata'],
): OwnerReference => ({
  apiVersion,
  kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});
