/**
 * Istio's objects that select pods by labels, or a Service by its name. In the mesh's root namespace they apply to the pods
 * of every namespace. https://istio.io/latest/docs/reference/config/type/workload-selector/
 */
import { gvk, type Gvk, type JsonObject, type KubeObject } from '../../values/kube-object.ts';
import type { Missing, ProtectingKind } from './protecting-kind.ts';
import { objectOf, objectsOf } from '../../values/json-values.ts';
import { labelsOf, losesCanary, specOf } from './selecting.ts';
import type { ProtectedPods } from './subject.ts';

/** The default name of the mesh's root namespace. A different name cannot be read from the API server. */
const rootNamespace = 'istio-system';

type SelectorField = { readonly field: string; readonly labels: string };

const bySelector: SelectorField = { field: 'selector', labels: 'matchLabels' };
const byWorkloadSelector: SelectorField = { field: 'workloadSelector', labels: 'labels' };

const copyOf = (spec: JsonObject, { field, labels }: SelectorField, { identity }: ProtectedPods): JsonObject => ({
  ...spec,
  [field]: { ...objectOf(spec[field]), [labels]: identity },
});

const namesService = (ref: JsonObject, name: string): boolean => ref['kind'] === 'Service' && ref['name'] === name;

/** The spec with `targetRefs` changed from the user's Service to the canary's. */
const forService = (spec: JsonObject, { services }: ProtectedPods): JsonObject | undefined => {
  const refs = objectsOf(spec['targetRefs']);
  if (services === undefined || !refs.some((ref) => namesService(ref, services.apex.name))) return undefined;
  return { ...spec, targetRefs: [{ group: '', kind: 'Service', name: services.canary.name }] };
};

const missingBy =
  (where: SelectorField) =>
  (object: KubeObject, pods: ProtectedPods): Missing | undefined => {
    const spec = specOf(object);
    const matchLabels = labelsOf(objectOf(spec[where.field])[where.labels]);
    const selects = Object.keys(matchLabels).length > 0 && losesCanary({ matchLabels }, pods);
    const here = object.metadata.namespace === pods.namespace;
    const bound = here ? forService(spec, pods) : undefined;
    if (selects) return { copies: [{ spec: copyOf(spec, where, pods) }] };
    return bound === undefined ? undefined : { copies: [{ spec: bound }] };
  };

const kind = (of: Gvk, where: SelectorField, matters: ProtectingKind['matters'] = 'security'): ProtectingKind => ({
  use: { gvk: of, access: ['read', 'own'], needed: [] },
  matters,
  reaches: ({ metadata }) => metadata.namespace === rootNamespace,
  missing: missingBy(where),
});

export const istioKinds: readonly ProtectingKind[] = [
  kind(gvk('security.istio.io/v1', 'AuthorizationPolicy', 'authorizationpolicies'), bySelector),
  kind(gvk('security.istio.io/v1', 'RequestAuthentication', 'requestauthentications'), bySelector),
  kind(gvk('security.istio.io/v1', 'PeerAuthentication', 'peerauthentications'), bySelector),
  kind(gvk('networking.istio.io/v1', 'Sidecar', 'sidecars'), byWorkloadSelector),
  kind(gvk('networking.istio.io/v1alpha3', 'EnvoyFilter', 'envoyfilters'), byWorkloadSelector),
  kind(gvk('extensions.istio.io/v1alpha1', 'WasmPlugin', 'wasmplugins'), bySelector),
  kind(gvk('telemetry.istio.io/v1', 'Telemetry', 'telemetries'), bySelector, 'care'),
];
