/** What there is of a workload, from the watches of a stage, in the words of the cases. */
import { boundMarks } from '../../src/core/marks/marks.ts';
import type { Deployment, KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Stage } from '../support/stage.ts';
import type { State } from './case.ts';
import { gone } from './states.ts';

type Counted = KubeObject & { readonly status?: { readonly readyReplicas?: number } };

const images: Readonly<Record<string, string>> = { 'nowhere.test/app:1': 'web:missing' };

/** `sluice.test/app:2` is `web:2` in the cases. */
const imageIn = ({ spec }: KubeObject): string => {
  const template = (spec as Deployment['spec'] | undefined)?.template;
  const containers = (template?.spec?.['containers'] ?? []) as readonly { readonly image: string }[];
  const image = containers[0]?.image ?? '-';
  return images[image] ?? image.replace('sluice.test/app:', 'web:');
};

/** `web:1`, or `3 × web:1`. */
const pods = (object: Counted): readonly string[] => {
  const count = object.status?.readyReplicas ?? 0;
  if (count === 0) return [];
  return [count === 1 ? imageIn(object) : `${count} × ${imageIn(object)}`];
};

const ownedBy = (stage: Stage, uid: string | undefined, kind: typeof kinds.replicaSet): readonly Counted[] =>
  stage.view
    .list(kind, stage.namespace)
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true);

const markOf = (deployment: Deployment, name: string): string => {
  const bound = boundMarks(deployment);
  return bound === undefined ? '-' : [bound.release.replace(name, 'web'), bound.phase ?? ''].join(' ').trim();
};

export const look = (stage: Stage, name: string): State => {
  const found = stage.deployment(name) as Deployment | undefined;
  const releases = stage
    .releases(name)
    .map((release) => `${release.name.replace(name, 'web')} ${release.status?.phase ?? 'new'}`);
  const canary = stage.deployment(`${name}-canary`);
  const shown = canary === undefined ? '-' : (pods(canary)[0] ?? 'no pods');
  if (found === undefined) return { ...gone, releases, canary: shown };
  return {
    template: imageIn(found),
    paused: found.spec.paused === true,
    mark: markOf(found, name),
    serves: ownedBy(stage, found.metadata.uid, kinds.replicaSet).flatMap(pods).sort(),
    releases,
    canary: shown,
  };
};

const isReady = (status: KubeObject['status']): boolean => {
  const conditions = (status?.['conditions'] ?? []) as readonly { readonly type: string; readonly status: string }[];
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
};

/** Names of the workload's own pods that serve, those on their way out left aside. */
export const podNames = (stage: Stage, name: string): readonly string[] => {
  const sets = ownedBy(stage, stage.deployment(name)?.metadata.uid, kinds.replicaSet).map(
    ({ metadata }) => metadata.uid,
  );
  return stage.view
    .list(kinds.pod, stage.namespace)
    .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && isReady(status))
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => sets.includes(uid)) === true)
    .map(({ metadata }) => metadata.name)
    .sort();
};

/** The Deployment's own status has caught up with its spec and with its pods, and so has the watch of the pods: it is what the next write is judged by. */
export const isUpToDate = (stage: Stage, name: string): boolean => {
  const found = stage.deployment(name) as Deployment | undefined;
  if (found === undefined) return true;
  const { metadata, status } = found;
  const ready = ownedBy(stage, metadata.uid, kinds.replicaSet).map((set) => set.status?.readyReplicas ?? 0);
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const all = ready.reduce((sum, one) => sum + one, 0);
  return seen && (status?.availableReplicas ?? 0) === all && podNames(stage, name).length === all;
};

/** The controllers have nothing more to say either: nobody writes to the Deployment any more by themselves. */
export const isSettled = (stage: Stage, name: string): boolean => {
  const found = stage.deployment(name) as Deployment | undefined;
  if (found === undefined) return true;
  const progressing = found.status?.conditions?.find(({ type }) => type === 'Progressing')?.reason;
  const said =
    found.spec.paused === true ? ['DeploymentPaused', 'ProgressDeadlineExceeded'] : ['NewReplicaSetAvailable'];
  return isUpToDate(stage, name) && said.includes(progressing ?? '');
};
