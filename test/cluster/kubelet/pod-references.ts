import type { DataKind, DataRef } from './data-watch.ts';
import type { Container, FileSource, Pod, Volume } from './kube-types.ts';

/**
 * Every ConfigMap and Secret that a pod's volumes and environments refer to, including optional ones. May contain
 * duplicates.
 */
export function podReferences(pod: Pod): DataRef[] {
  const namespace = pod.metadata.namespace ?? '';
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const pairs = [...containers.flatMap(ofContainer), ...(pod.spec.volumes ?? []).flatMap(ofVolume)];
  return pairs.flatMap(([kind, name]) => (name === undefined ? [] : [{ kind, namespace, name }]));
}

type Pair = readonly [DataKind, string | undefined];

function ofContainer(container: Container): Pair[] {
  const variables = (container.env ?? []).flatMap(({ valueFrom }): Pair[] => [
    ['configmaps', valueFrom?.configMapKeyRef?.name],
    ['secrets', valueFrom?.secretKeyRef?.name],
  ]);
  const whole = (container.envFrom ?? []).flatMap((from): Pair[] => [
    ['configmaps', from.configMapRef?.name],
    ['secrets', from.secretRef?.name],
  ]);
  return [...variables, ...whole];
}

function ofVolume(volume: Volume): Pair[] {
  return fileSources(volume).flatMap((source): Pair[] => [
    ['configmaps', source.configMap?.name],
    ['secrets', source.secret?.secretName ?? source.secret?.name],
  ]);
}

/** The sources of a volume's files. A plain volume counts as a projection of one source. */
export function fileSources(volume: Volume): readonly FileSource[] {
  if (volume.projected) return volume.projected.sources ?? [];
  return volume.configMap || volume.secret || volume.downwardAPI ? [volume] : [];
}
