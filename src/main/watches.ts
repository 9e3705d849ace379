/**
 * All watches. Of kinds with too many objects (pods, ReplicaSets) only those of canaries are watched: the rest is read
 * when needed, which is rare.
 */
import type { WebhookConfig } from '../config/settings.ts';
import { admissionKinds } from '../core/protection/protecting-kinds.ts';
import { kinds } from '../schema/kinds.ts';
import {
  accessModesOnly,
  dropBookkeeping,
  endpointsOnly,
  nameOnly,
  oursOnly,
  podState,
  specOnly,
} from '../kube/trim.ts';
import type { WatchSpec } from '../kube/watch-spec.ts';
import { canarySelector } from '../schema/names.ts';
import { workedKinds } from './worked-kinds.ts';

type Scope = { readonly namespace?: string };

const policies = (scope: Scope): readonly WatchSpec[] => [
  { gvk: kinds.canaryPolicy, ...scope },
  { gvk: kinds.clusterCanaryPolicy },
];

/** Foreign kinds. The kinds of meshes and operators may be missing, or be installed later. */
const othersKinds = (scope: Scope): readonly WatchSpec[] =>
  workedKinds.map(({ gvk, builtIn = false }) => ({ gvk, ...scope, optional: !builtIn }));

/** To know whether the kind Release and the kinds of a policy's provider are installed. */
const installedKinds: WatchSpec = { gvk: kinds.crd, metadataOnly: true, trim: nameOnly };

/** Kinds that only the webhook watches. */
const onlyForAdmission = (scope: Scope): readonly WatchSpec[] => [
  installedKinds,
  // To know which volumes a second set of pods may mount.
  { gvk: kinds.claim, ...scope, trim: accessModesOnly },
];

/** To warn of objects that cannot be copied for a canary. */
const uncopied = (scope: Scope): readonly WatchSpec[] =>
  admissionKinds.map(({ use: { gvk, builtIn = false } }) => ({ gvk, ...scope, optional: !builtIn, trim: specOnly }));

/**
 * The webhook decides from the request and from policies; of other objects it needs only names, labels and annotations,
 * and the access modes of claims.
 */
export const webhookWatches = (namespace: string | undefined): readonly WatchSpec[] => {
  const scope = namespace === undefined ? {} : { namespace };
  return [
    ...policies(scope),
    // For labels that opt in and out.
    { gvk: kinds.namespace, metadataOnly: true, trim: oursOnly },
    // To find the workloads that use a changed or deleted policy.
    { gvk: kinds.deployment, ...scope, metadataOnly: true, trim: oursOnly },
    ...onlyForAdmission(scope),
    ...uncopied(scope),
  ];
};

/** The three objects on which the webhook's certificate depends. Only the fact that they changed is needed. */
export const certificateWatches = ({
  certificateSecret,
  webhookConfiguration: name,
}: Pick<WebhookConfig, 'certificateSecret' | 'webhookConfiguration'>): readonly WatchSpec[] =>
  [
    { gvk: kinds.secret, ...certificateSecret },
    { gvk: kinds.mutatingWebhook, name },
    { gvk: kinds.validatingWebhook, name },
  ].map((spec) => ({ ...spec, metadataOnly: true, trim: nameOnly }));

/** The watches of the controller. */
export const controllerWatches = (namespace: string | undefined): readonly WatchSpec[] => {
  const scope = namespace === undefined ? {} : { namespace };
  return [
    { gvk: kinds.deployment, ...scope, trim: dropBookkeeping },
    { gvk: kinds.service, ...scope, trim: dropBookkeeping },
    // For all Services: any of them may be an apex, and its endpoints must be known when a release begins.
    { gvk: kinds.endpointSlice, ...scope, trim: endpointsOnly },
    // Only pods of canaries, so there are none while no release is running.
    { gvk: kinds.pod, ...scope, labelSelector: canarySelector, trim: podState },
    { gvk: kinds.release, ...scope, trim: dropBookkeeping },
    // To know which workloads are scaled by their load.
    { gvk: kinds.autoscaler, ...scope, trim: specOnly },
    // For labels that opt in and out, and for labels and annotations that request a mesh's sidecar.
    { gvk: kinds.namespace, trim: dropBookkeeping },
    ...policies(scope),
    ...othersKinds(scope),
  ];
};

/** The watches of `dev`, whose webhook and controller share their caches. */
export const devWatches = (namespace: string | undefined): readonly WatchSpec[] => [
  ...controllerWatches(namespace),
  ...onlyForAdmission(namespace === undefined ? {} : { namespace }),
];
