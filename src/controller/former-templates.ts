/**
 * Templates that workloads had when they were marked for a release, as the watch has told: what a release changes need not be
 * looked up among the ReplicaSets then. Only a saving: what was missed, by a controller that has just started, is looked up.
 */
import type { KubeObject, PodTemplate } from '../values/kube-object.ts';
import { templateHash } from '../core/template/template-hash.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import { kinds } from '../schema/kinds.ts';
import { isA } from '../values/kube-object.ts';
import { marks } from '../schema/annotations.ts';

export type FormerTemplates = {
  /** Of a Deployment. */
  readonly note: (change: Pick<ClusterChange, 'type' | 'object' | 'before'>) => void;
  /** The template of that hash the workload had, told once. */
  readonly take: (uid: string | undefined, hash: string) => PodTemplate | undefined;
};

const releaseOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[marks.release];

export const formerTemplates = (): FormerTemplates => {
  /** By the workloads' uid; held from the mark to the Release, a moment unless somebody has paused the workload. */
  const known = new Map<string, PodTemplate>();
  return {
    note: ({ type, object, before }) => {
      const { uid } = object.metadata;
      if (uid === undefined) return;
      if (type === 'removed') known.delete(uid);
      if (
        type === 'removed' ||
        before === undefined ||
        !isA(before, kinds.deployment) ||
        before.metadata.generation === object.metadata.generation
      )
        return;
      const release = releaseOf(object);
      if (release === undefined) known.delete(uid);
      else if (release !== releaseOf(before)) known.set(uid, before.spec.template);
    },
    take: (uid = '', hash) => {
      const template = known.get(uid);
      known.delete(uid);
      return template !== undefined && templateHash(template) === hash ? template : undefined;
    },
  };
};
