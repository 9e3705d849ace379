/** Kubernetes objects as values. Only the fields Sluice reads are typed; the rest is kept as JSON. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };
export type Labels = { readonly [key: string]: string };

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly JsonObject[];
};

export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
};

declare const objectType: unique symbol;

/** A kind as the API server serves it. `plural` is the REST resource name, `T` the type of its objects. */
export type Gvk<T extends KubeObject = KubeObject> = {
  readonly [objectType]?: T;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
};

export type ObjectRef<T extends KubeObject = KubeObject> = {
  readonly gvk: Gvk<T>;
  readonly namespace?: string;
  readonly name: string;
};

/** Whether both are the same kind, in any version. */
export const isSameKind = (a: Pick<Gvk, 'group' | 'kind'>, b: Pick<Gvk, 'group' | 'kind'>): boolean =>
  a.kind === b.kind && a.group === b.group;

/** Group and kind of an object. */
export const kindOf = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): Pick<Gvk, 'group' | 'kind'> => ({
  group: apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '',
  kind,
});

/** `apps/v1` for a group, `v1` for the core group. */
export const apiVersionOf = (gvk: Gvk): string => (gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`);

export type RefKey = string;

/** Key of an object in a `Live` map: `group/Kind/namespace/name`. Without the version, since one object has several. */
export const refKey = (ref: ObjectRef): RefKey => `${ref.gvk.group}/${ref.gvk.kind}/${ref.namespace ?? ''}/${ref.name}`;

/** Whether the object is of this kind; narrows its type. */
export const isA = <T extends KubeObject>(object: KubeObject, gvk: Gvk<T>): object is T =>
  isSameKind(kindOf(object), gvk);

export type PodTemplate = {
  readonly metadata?: {
    readonly labels?: Labels;
    readonly annotations?: Labels;
    readonly [key: string]: Json | undefined;
  };
  readonly spec?: JsonObject;
};

export type LabelSelector = { readonly matchLabels?: Labels; readonly matchExpressions?: readonly JsonObject[] };

export type Condition = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
};

export type Deployment = {
  readonly apiVersion: 'apps/v1';
  readonly kind: 'Deployment';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly strategy?: JsonObject;
    readonly [key: string]: Json | undefined | LabelSelector | PodTemplate;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly unavailableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
};

export type ServicePort = {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
  readonly appProtocol?: string;
};

export type Service = {
  readonly apiVersion: 'v1';
  readonly kind: 'Service';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly selector?: Labels;
    readonly ports?: readonly ServicePort[];
    readonly type?: string;
    readonly clusterIP?: string;
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: JsonObject;
    readonly publishNotReadyAddresses?: boolean;
    readonly internalTrafficPolicy?: string;
    readonly trafficDistribution?: string;
  };
};

/** `gvk('apps/v1', 'Deployment', 'deployments')`; `v1` alone is the core group. */
export const gvk = <T extends KubeObject = KubeObject>(
  apiVersion: string,
  kind: string,
  plural: string,
  namespaced = true,
): Gvk<T> => {
  const [version, group] = apiVersion.split('/').reverse();
  return { group: group ?? '', version: version ?? '', kind, plural, namespaced };
};

export type ReplicaSet = KubeObject & {
  readonly spec: { readonly replicas?: number; readonly template: PodTemplate };
};

export type HorizontalPodAutoscaler = KubeObject & {
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string };
    readonly maxReplicas: number;
  };
};

export type PersistentVolumeClaim = KubeObject & { readonly spec?: { readonly accessModes?: readonly string[] } };

export type EndpointSlice = KubeObject & {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
    readonly targetRef?: { readonly name?: string };
  }[];
};
