/** The canary: a Deployment of the new template, and the Service in front of it. */
import type { Deployment, KubeObject, Labels, OwnerReference, Service } from '../../values/kube-object.ts';
import { marks, workloadAnnotation } from '../../schema/annotations.ts';
import { apiVersion, canaryName, labels, managedBy } from '../../schema/names.ts';

export type CanaryPlan = {
  readonly workload: Deployment;
  readonly release: { readonly name: string; readonly uid: string; readonly templateHash: string };
  readonly replicas: number;
  /**
   * `route`: canary pods differ from stable pods by the value of one selector label, so the apex does not select them.
   * `replicas`: they keep all labels, so that it does. Both get one more label, which says that they are the canary.
   */
  readonly arm: { readonly splits: 'route'; readonly label: string } | { readonly splits: 'replicas' };
};

export const maxLabelLength = 63;

/** The value of the distinguishing label on canary pods: a suffix, within the length a label may have. */
export const canaryLabelValue = (value: string): string => {
  const suffix = '-canary';
  const kept = value.slice(0, maxLabelLength - suffix.length).replace(/[-_.]+$/, '');
  return `${kept}${suffix}`;
};

/** A Service's name is a DNS label too. */
export const canaryServiceName = (apex: string): string => canaryName(apex.slice(0, maxLabelLength - '-canary'.length));

const owner = (release: CanaryPlan['release']): OwnerReference => ({
  apiVersion,
  kind: 'Release',
  name: release.name,
  uid: release.uid,
  controller: true,
});

const ownMeta = (name: string, workload: Deployment, release: CanaryPlan['release']): KubeObject['metadata'] => ({
  name,
  ...(workload.metadata.namespace === undefined ? {} : { namespace: workload.metadata.namespace }),
  labels: { [labels.managedBy]: managedBy, [labels.release]: release.name },
  annotations: { [marks.releaseHash]: release.templateHash, [workloadAnnotation]: workload.metadata.name },
  ownerReferences: [owner(release)],
});

const armLabels = (plan: CanaryPlan, current: Labels): Labels => ({
  ...withOwnValue(plan, current),
  [labels.arm]: 'canary',
});

const withOwnValue = ({ arm }: CanaryPlan, current: Labels): Labels =>
  arm.splits === 'replicas' ? current : { ...current, [arm.label]: canaryLabelValue(current[arm.label] ?? '') };

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
    selector: { ...selector, matchLabels: armLabels(plan, selector.matchLabels ?? {}) },
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

/** The Service in front of the canary pods: the apex's ports, its selector with the one value changed. Only behind routes. */
export const canaryService = (plan: CanaryPlan, apex: Service): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: ownMeta(canaryServiceName(apex.metadata.name), plan.workload, plan.release),
  spec: {
    type: 'ClusterIP',
    // nodePort and clusterIP belong to the apex alone.
    ports: (apex.spec.ports ?? []).map(({ name, port, targetPort, protocol, appProtocol }) => ({
      name,
      port,
      targetPort,
      protocol,
      appProtocol,
    })),
    selector: withOwnValue(plan, apex.spec.selector ?? {}),
  },
});
