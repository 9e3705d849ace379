/** The canary: a Deployment of the new template, and the Service in front of it. */
import type {
  Deployment,
  Json,
  JsonObject,
  KubeObject,
  Labels,
  Service,
  ServicePort,
} from '../../values/kube-object.ts';
import { marks, workloadAnnotation } from '../../schema/annotations.ts';
import { canaryName, labels, managedBy } from '../../schema/names.ts';

export type CanaryPlan = {
  readonly workload: Deployment;
  readonly release: { readonly name: string; readonly uid: string; readonly templateHash: string };
  readonly replicas: number;
  /**
   * `route`: canary pods differ from stable pods by the value of one selector label, so the apex does not select them.
   * `replicas`: they keep all labels, so that it does. Both get one more label, which says that they are the canary.
   */
  readonly arm:
    { readonly splits: 'route'; readonly label: string; readonly value: string } | { readonly splits: 'replicas' };
  /** The canary Deployment was made by a version of Sluice whose canary pods do not carry the release's uid. */
  readonly unidentified?: true;
};

export const maxLabelLength = 63;

/** The value of the distinguishing label on canary pods: a suffix, within the length a label may have. */
export const canaryLabelValue = (value: string): string => {
  const suffix = '-canary';
  const kept = value.slice(0, maxLabelLength - suffix.length).replace(/[-_.]+$/, '');
  return `${kept}${suffix}`;
};

/** The value instead, where pods of the user's carry the ordinary one: nobody else can have this. */
export const uniqueLabelValue = (value: string, uid: string): string => {
  const suffix = `-canary-${uid.slice(0, 8)}`;
  return `${value.slice(0, maxLabelLength - suffix.length).replace(/[-_.]+$/, '')}${suffix}`;
};

/** The label and value that tell canary pods from stable ones: those of the canary that is there, or new ones. */
export const routedArm = (
  label: string,
  { current, uid, canary, taken }: RoutedArm,
): Extract<CanaryPlan['arm'], { splits: 'route' }> => {
  const ordinary = canaryLabelValue(current);
  const value = canary?.[label] ?? (taken(ordinary) ? uniqueLabelValue(current, uid) : ordinary);
  return { splits: 'route', label, value };
};

type RoutedArm = {
  /** The label's value on stable pods. */
  readonly current: string;
  readonly uid: string;
  /** Labels of the pods of the canary that is there. */
  readonly canary?: Labels;
  /** Whether pods or Services of somebody else use a value. */
  readonly taken: (value: string) => boolean;
};

/** A Service's name is a DNS label too. */
export const canaryServiceName = (apex: string): string => canaryName(apex.slice(0, maxLabelLength - '-canary'.length));

/**
 * Nobody owns what carries traffic: the garbage collector takes things in an order of its own, and routes have to go
 * first. Whose it is, labels and annotations say.
 */
const ownMeta = (name: string, workload: Deployment, release: CanaryPlan['release']): KubeObject['metadata'] => ({
  name,
  ...(workload.metadata.namespace === undefined ? {} : { namespace: workload.metadata.namespace }),
  labels: { [labels.managedBy]: managedBy, [labels.release]: release.name, [labels.releaseUid]: release.uid },
  annotations: { [marks.releaseHash]: release.templateHash, [workloadAnnotation]: workload.metadata.name },
});

const armLabels = (plan: CanaryPlan, current: Labels): Labels => ({
  ...withOwnValue(plan, current),
  ...identity(plan),
});

/** What no pod but this release's canary pods carries. */
const identity = ({ release, unidentified }: CanaryPlan): Labels => ({
  [labels.arm]: 'canary',
  ...(unidentified === true ? {} : { [labels.releaseUid]: release.uid }),
});

const withOwnValue = ({ arm }: CanaryPlan, current: Labels): Labels =>
  arm.splits === 'replicas' ? current : { ...current, [arm.label]: arm.value };

/**
 * The canary Deployment. Labels of the workload itself are not copied: tools that track what they applied by label
 * (Argo CD) would take the canary for theirs and prune it.
 */
export const canaryDeployment = (plan: CanaryPlan): Deployment => {
  const { spec } = plan.workload;
  const { template, selector } = spec;
  const { paused, ...rest } = spec;
  const body = {
    ...rest,
    replicas: plan.replicas,
    // Its ReplicaSets are of no use once it is gone; the workload keeps the history.
    revisionHistoryLimit: 1,
    // The identity is enough; an expression may speak against the value of the distinguishing label.
    selector: { matchLabels: armLabels(plan, selector.matchLabels ?? {}) },
    template: {
      ...template,
      metadata: { ...template.metadata, labels: armLabels(plan, template.metadata?.labels ?? {}) },
    },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: ownMeta(canaryName(plan.workload.metadata.name), plan.workload, plan.release),
    spec: body,
  };
};

/** What the canary's Service has from the apex. nodePort, clusterIP and what is outside the cluster belong to the apex alone. */
export const followsApex = [
  'ports',
  'selector',
  'sessionAffinity',
  'sessionAffinityConfig',
  'publishNotReadyAddresses',
  'internalTrafficPolicy',
  'trafficDistribution',
] as const;

/** With the API server's own defaults: what is wanted and what is stored can be compared. */
const canaryPort = ({ name, port, targetPort = port, protocol = 'TCP', appProtocol }: ServicePort): JsonObject => ({
  ...(name === undefined ? {} : { name }),
  port,
  targetPort,
  protocol,
  ...(appProtocol === undefined ? {} : { appProtocol }),
});

const habitsOf = ({ spec }: Service): JsonObject => {
  const values: readonly (readonly [string, Json | undefined])[] = followsApex.map((field) =>
    field === 'ports' || field === 'selector' ? [field, undefined] : [field, spec[field]],
  );
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
};

/** Where the apex does not select the new template yet, its canary is selected by what it carries instead. */
const ownSelector = ({ workload }: CanaryPlan, { spec: { selector = {} } }: Service): Labels => {
  const own = workload.spec.template.metadata?.labels ?? {};
  return Object.fromEntries(
    Object.keys(selector).flatMap((key) => {
      const value = own[key];
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
};

/**
 * The Service in front of the canary pods: the apex's ports and habits, its selector with the one value changed and the
 * release's identity, so that it never selects pods of anybody else. Only behind routes.
 */
export const canaryService = (plan: CanaryPlan, apex: Service): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: ownMeta(canaryServiceName(apex.metadata.name), plan.workload, plan.release),
  spec: {
    type: 'ClusterIP',
    ...habitsOf(apex),
    ...(apex.spec.ports === undefined ? {} : { ports: apex.spec.ports.map(canaryPort) }),
    selector: armLabels(plan, ownSelector(plan, apex)),
  },
});
