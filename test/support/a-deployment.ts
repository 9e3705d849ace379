import type { Deployment, Labels, PodTemplate } from '../../src/values/kube-object.ts';

export type DeploymentTraits = {
  readonly image?: string;
  readonly template?: PodTemplate;
  readonly annotations?: Labels;
  readonly labels?: Labels;
  readonly replicas?: number;
  readonly available?: number;
  readonly paused?: boolean;
  readonly generation?: number;
  readonly strategy?: 'RollingUpdate' | 'Recreate';
};

/** A pod template of one container, as the API server hands it out. */
export const aTemplate = (image: string): PodTemplate => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image, resources: {} }] },
});

/** Deployment `web` in namespace `shop`: 3 replicas, all available, unless said otherwise. */
export const aDeployment = (traits: DeploymentTraits = {}): Deployment => {
  const { annotations, labels, paused, strategy, replicas = 3, available = replicas } = traits;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: '6f9d',
      generation: traits.generation ?? 4,
      ...(annotations === undefined ? {} : { annotations }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: traits.template ?? aTemplate(traits.image ?? 'web:1'),
      ...(paused === undefined ? {} : { paused }),
      ...(strategy === undefined ? {} : { strategy: { type: strategy } }),
    },
    status: { replicas, availableReplicas: available },
  };
};
