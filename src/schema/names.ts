import type { KubeObject } from '../values/kube-object.ts';

/** The API group and every label Sluice sets. Each name is written once, here. */
export const group = 'sluice.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}` as const;

/** Field manager of every write. */
export const fieldManager = 'sluice';

export const labels = {
  /** On everything made for one release: its Release object's name. The canary's EndpointSlices inherit it from its Service. */
  release: `${group}/release`,
  /**
   * On the same objects and on canary pods, and in the selectors of the canary's Deployment and Service: the Release's
   * uid. Names come again, and other label values can be anybody's; what carries this uid is of this one release.
   */
  releaseUid: `${group}/release-uid`,
  /** On canary pods. In a replica-weighted split it is all that tells them from stable ones; and a Scale shows it. */
  arm: `${group}/arm`,
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

export const managedBy = 'sluice';

/** How the names begin of rules that Sluice adds to a route; the name of the Service follows. */
export const matchRulePrefix = `${group}/match/`;

/** Whether Sluice made the object. */
export const isOurs = ({ metadata }: Pick<KubeObject, 'metadata'>): boolean =>
  metadata.labels?.[labels.managedBy] === managedBy;

/** Whether Sluice made it for a release, and not for the installation. */
export const isMade = (object: Pick<KubeObject, 'metadata'>): boolean =>
  isOurs(object) && object.metadata.labels?.[labels.release] !== undefined;

/** The release an object was made for. A version of Sluice without the label of the uid has made the Release its owner. */
export const madeFor = ({
  metadata,
}: Pick<KubeObject, 'metadata'>): { readonly name?: string; readonly uid?: string } => {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'Release');
  const [name, uid] = [
    metadata.labels?.[labels.release] ?? owner?.name,
    metadata.labels?.[labels.releaseUid] ?? owner?.uid,
  ];
  return { ...(name === undefined ? {} : { name }), ...(uid === undefined ? {} : { uid }) };
};

/** Whether an object was made for this very release; where its uid is not told, by the name. */
export const isMadeFor = (
  object: Pick<KubeObject, 'metadata'>,
  release: { readonly name: string; readonly uid: string },
): boolean => {
  const { name, uid } = madeFor(object);
  return uid === undefined ? name === release.name : uid === release.uid;
};

/** The selector of a canary Deployment says so, as text. */
export const canarySelector = `${labels.arm}=canary`;

/** Kubernetes' own controllers: garbage collection, namespace deletion, the Deployment controller, load balancers. */
export const kubernetesItself = {
  users: [
    'system:apiserver',
    'system:kube-controller-manager',
    'system:kube-scheduler',
    'system:cloud-controller-manager',
  ],
  prefix: 'system:serviceaccount:kube-system:',
} as const;

/**
 * Namespaces of what the cluster, or Sluice itself, cannot work without. Sluice is never asked about them: while it is
 * away, its own repair and theirs must not wait for it. The namespace that Sluice is installed in comes on top.
 */
export const systemNamespaces: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'calico-system',
  'cert-manager',
  'gatekeeper-system',
  'istio-system',
  'kyverno',
  'linkerd',
  'tigera-operator',
];

/** Names of what is made for a release. */
export const canaryName = (workload: string): string => `${workload}-canary`;
