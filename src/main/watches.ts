/**
 * All watches. Of kinds with too many objects (pods, ReplicaSets) only those of canaries are watched: the rest is read
 * when needed, which is rare.
 */
import type { WebhookConfig } from '../config/settings.ts';
import { kinds } from '../schema/kinds.ts';
import { dropBookkeeping, endpointsOnly, nameOnly, oursOnly, podState, specOnly } from '../kube/trim.ts';
import type { WatchSpec } from '../kube/watch-spec.ts';
import { canarySelector } from '../schema/names.ts';
import { workedKinds } from './worked-kinds.ts';

type Scope = { readonly namespace?: string };

const policies = (scope: Scope): readonly WatchSpec[] => [
  { gvk: kinds.canaryPolicy, ...scope },
  { gvk: kinds.clusterCanaryPolicy },
];

/** Kinds of others. Those of meshes and operators may be missing or be installed later. */
const othersKinds = (scope: Scope): readonly WatchSpec[] =>
  workedKinds.map(({ gvk, builtIn = false }) => ({ gvk, ...scope, optional: !builtIn }));

/** For the webhook: to know whether the kind Release and the kinds of a policy's provider are installed. */
export const installedKinds: WatchSpec = { gvk: kinds.crd, metadataOnly: true, trim: nameOnly };

/**
 * The webhook decides from the request and from policies; of other objects it needs only names, labels and annotations.
 */
export const webhookWatches = (namespace: string | undefined): readonly WatchSpec[] => {
  const scope = namespace === undefined ? {} : { namespace };
  return [
    ...policies(scope),
    // For labels that opt in and out.
    { gvk: kinds.namespace, metadataOnly: true, trim: oursOnly },
    // To find the workloads that use a changed or deleted policy.
    { gvk: kinds.deployment, ...scope, metadataOnly: true, trim: oursOnly },
    installedKinds,
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

/** For the controller, and for `dev`. */
export const controllerWatches = (namespace: string | undefined): readonly WatchSpec[] => {
  const scope = namespace === undefined ? {} : { namespace };
  return [
    { gvk: kinds.deployment, ...scope, trim: dropBookkeeping },
    { gvk: kinds.service, ...scope, trim: dropBookkeeping },
    // Of every Service: any of them may be an apex, and who answers behind it has to be known when a release begins.
    { gvk: kinds.endpointSlice, ...scope, trim: endpointsOnly },
    // While no release is under way there are none.
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
