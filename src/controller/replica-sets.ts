/** Reads the templates of a workload's ReplicaSets, the only place that keeps earlier templates. A rare live read. */
import { templateHash } from '../core/template/template-hash.ts';
import type { Deployment, PodTemplate } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { ClusterWriter } from '../ports/cluster.ts';

export type KeptTemplate = {
  readonly template: PodTemplate;
  /** Computed in the same way as the hash of the Deployment's template. */
  readonly hash: string;
  /** Whether the ReplicaSet is to have pods. */
  readonly active: boolean;
};

const podTemplateHash = 'pod-template-hash';
const revision = 'deployment.kubernetes.io/revision';

/** The templates, newest first, by the last revision of the workload that used each of them. */
export const keptTemplates = async (
  cluster: Pick<ClusterWriter, 'fetchList'>,
  workload: Deployment,
): Promise<readonly KeptTemplate[]> => {
  const { metadata, spec } = workload;
  const selected = await cluster.fetchList(kinds.replicaSet, metadata.namespace ?? '', spec.selector.matchLabels ?? {});
  return selected
    .filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
    .sort((a, b) => revisionOf(b.metadata.annotations) - revisionOf(a.metadata.annotations))
    .map((set) => {
      const { replicas, template: own } = set.spec;
      const template = withoutHash(own);
      return { template, hash: templateHash(template), active: (replicas ?? 0) > 0 };
    });
};

const revisionOf = (annotations: Readonly<Record<string, string>> | undefined): number =>
  Number(annotations?.[revision] ?? 0);

const withoutHash = (template: PodTemplate): PodTemplate => {
  const { [podTemplateHash]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
};
