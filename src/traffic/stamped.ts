/** The metadata by which what Sluice makes is known as its own. */
import type { KubeObject, Labels, ObjectMeta } from '../values/kube-object.ts';
import { splitAnnotation, workloadAnnotation } from '../schema/annotations.ts';
import { labels, managedBy } from '../schema/names.ts';
import type { Target } from '../ports/traffic.ts';

/** Adds the metadata that marks the object as Sluice's; metadata written by others stays. */
const metadataOf = (
  target: Target,
  wanted: ObjectMeta,
  { ownerReferences: _earlier, ...live }: Partial<ObjectMeta> = {},
): ObjectMeta => ({
  // A route has no owner, so it is removed when nothing is split any more and not when a Release is garbage collected.
  ...live,
  name: wanted.name,
  namespace: target.namespace,
  labels: {
    ...live.labels,
    ...wanted.labels,
    [labels.managedBy]: managedBy,
    [labels.release]: target.release.name,
    [labels.releaseUid]: target.release.uid,
  },
  annotations: { ...withoutMemo(live.annotations), ...wanted.annotations, [workloadAnnotation]: target.workload },
});

/** A split that is remembered goes with the split. */
const withoutMemo = ({ [splitAnnotation]: _earlier, ...others }: Labels = {}): Labels => others;

/** A wanted object with that metadata, over the live one: what others wrote there stays. */
export const stamped = (target: Target, wanted: KubeObject, live?: KubeObject): KubeObject => ({
  ...live,
  ...wanted,
  apiVersion: live?.apiVersion ?? wanted.apiVersion,
  metadata: metadataOf(target, wanted.metadata, live?.metadata),
});
