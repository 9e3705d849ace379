/** What is watched, and nothing else: kinds that are too many (pods, ReplicaSets) are read at the rare moments they matter. */
import type { WebhookConfig } from '../config/settings.ts';
import { kinds } from '../schema/kinds.ts';
import { dropBookkeeping, nameOnly, oursOnly } from '../kube/trim.ts';
import type { WatchSpec } from '../kube/watch-spec.ts';
import { labels } from '../schema/names.ts';
import { usedKinds } from '../traffic/index.ts';

type Scope = { readonly namespace?: string };

const policies = (scope: Scope): readonly WatchSpec[] => [
  { gvk: kinds.canaryPolicy, ...scope },
  { gvk: kinds.clusterCanaryPolicy },
];

/** Kinds of meshes and gateways: each may be missing, and may be installed later. */
const routeKinds = (scope: Scope): readonly WatchSpec[] =>
  usedKinds.map(({ gvk }) => ({ gvk, ...scope, optional: true }));

/** The webhook decides from what it is asked about and from policies; all else it knows by name and labels. */
export const webhookWatches = (namespace: string | undefined): readonly WatchSpec[] => {
  const scope = namespace === undefined ? {} : { namespace };
  return [
    ...policies(scope),
    // Their labels opt in and out.
    { gvk: kinds.namespace, metadataOnly: true, trim: oursOnly },
    // Who uses a policy that changes or goes.
    { gvk: kinds.deployment, ...scope, metadataOnly: true, trim: oursOnly },
    // Whether the routes that a policy's provider works with are installed.
    { gvk: kinds.crd, metadataOnly: true, trim: nameOnly },
  ];
};

/** What the webhook's certificate depends on: three objects, and only that they have changed is told. */
export const certificateWatches = ({
  certificateSecret,
  webhookConfiguration: name,
}: Pick<WebhookConfig, 'certificateSecret' | 'webhookConfiguration'>): readonly WatchSpec[] =>
  [
    { gvk: kinds.secret, ...certificateSecret },
    { gvk: kinds.mutatingWebhook, name },
    { gvk: kinds.validatingWebhook, name },
  ].map((spec) => ({ ...spec, metadataOnly: true, trim: nameOnly }));

/** For the controller, and for both in one process. */
export const controllerWatches = (namespace: string | undefined): readonly WatchSpec[] => {
  const scope = namespace === undefined ? {} : { namespace };
  return [
    { gvk: kinds.deployment, ...scope, trim: dropBookkeeping },
    { gvk: kinds.service, ...scope, trim: dropBookkeeping },
    // Only the canaries': their slices inherit the label from the Service.
    { gvk: kinds.endpointSlice, ...scope, labelSelector: labels.release, trim: dropBookkeeping },
    { gvk: kinds.release, ...scope, trim: dropBookkeeping },
    // Labels that opt in and out, and what asks for a mesh's sidecar.
    { gvk: kinds.namespace, trim: dropBookkeeping },
    ...policies(scope),
    ...routeKinds(scope),
  ];
};
