/** The served kinds: built-in ones, and those of stored CRDs. */
import { apiVersionOf, type Gvk, type Json, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { isJsonObject } from './patches.ts';

/** What an API server knows of a kind. */
export type KindTraits = {
  /** Its status is written through a subresource of its own. */
  readonly status: boolean;
  /** Its `metadata.generation` is maintained. */
  readonly generation: boolean;
  /** It is defined by a CRD. */
  readonly custom: boolean;
};

const builtIn = (traits: Partial<KindTraits> = {}): KindTraits => ({
  status: false,
  generation: false,
  custom: false,
  ...traits,
});

/** Kinds by `group/plural`: an object has several versions. */
const builtIns: ReadonlyMap<string, KindTraits> = new Map([
  ['apps/deployments', builtIn({ status: true, generation: true })],
  ['apps/replicasets', builtIn({ status: true, generation: true })],
  ['/pods', builtIn({ status: true })],
  ['/services', builtIn({ status: true })],
  ['/namespaces', builtIn({ status: true })],
  ['/secrets', builtIn()],
  ['/configmaps', builtIn()],
  ['discovery.k8s.io/endpointslices', builtIn()],
  ['networking.k8s.io/networkpolicies', builtIn({ generation: true })],
  ['policy/poddisruptionbudgets', builtIn({ status: true, generation: true })],
  ['events.k8s.io/events', builtIn()],
  ['autoscaling/horizontalpodautoscalers', builtIn({ status: true })],
  ['apiextensions.k8s.io/customresourcedefinitions', builtIn({ status: true })],
  ['admissionregistration.k8s.io/mutatingwebhookconfigurations', builtIn()],
  ['admissionregistration.k8s.io/validatingwebhookconfigurations', builtIn()],
]);

export const kindKey = ({ group, plural }: Gvk): string => `${group}/${plural}`;

/** Name of the definition a kind comes with. */
export const definitionName = (gvk: Gvk): string => `${gvk.plural}.${gvk.group}`;

/** A CRD that serves one version of a kind. */
export const definitionOf = (gvk: Gvk, { status = true }: { readonly status?: boolean } = {}): KubeObject => ({
  apiVersion: apiVersionOf(kinds.crd),
  kind: kinds.crd.kind,
  metadata: { name: definitionName(gvk) },
  spec: {
    group: gvk.group,
    names: { kind: gvk.kind, plural: gvk.plural, singular: gvk.kind.toLowerCase(), listKind: `${gvk.kind}List` },
    scope: gvk.namespaced ? 'Namespaced' : 'Cluster',
    versions: [
      {
        name: gvk.version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        ...(status ? { subresources: { status: {} } } : {}),
      },
    ],
  },
});

/** The kind as the definitions of a server describe it; undefined where it is not served in this version. */
export const traitsOf = (gvk: Gvk, definition: () => KubeObject | undefined): KindTraits | undefined => {
  const known = builtIns.get(kindKey(gvk));
  if (known !== undefined) return known;
  const version = versionsOf(definition()).find(({ name, served }) => name === gvk.version && served !== false);
  if (version === undefined) return undefined;
  const subresources = version['subresources'];
  const status = isJsonObject(subresources) && subresources['status'] !== undefined;
  return { status, generation: true, custom: true };
};

const versionsOf = (definition: KubeObject | undefined): readonly JsonObject[] => {
  const versions: Json | undefined = definition?.spec?.['versions'];
  return Array.isArray(versions) ? (versions as readonly Json[]).filter(isJsonObject) : [];
};
