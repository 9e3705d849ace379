import type { Container, FieldRef, Labels, Pod, ResourceFieldRef } from './kube-types.ts';
import { parseQuantity } from './quantity.ts';

/** The data that the downward API can expose about a pod on this node. */
export interface PodFacts {
  readonly pod: Pod;
  readonly podIP: string;
  readonly hostIP: string;
  readonly nodeName: string;
}

/** A downward API value, or undefined for a field path that is not supported. */
export function readField(ref: FieldRef, facts: PodFacts): string | undefined {
  const { metadata, spec } = facts.pod;
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(ref.fieldPath);
  if (subscript) return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': listed(metadata.labels),
    'metadata.annotations': listed(metadata.annotations),
    'spec.nodeName': facts.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.hostIP': facts.hostIP,
    'status.hostIPs': facts.hostIP,
    'status.podIP': facts.podIP,
    'status.podIPs': facts.podIP,
  };
  return fields[ref.fieldPath];
}

function listed(entries: Labels = {}): string {
  return Object.entries(entries)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join('\n');
}

/** A container's limit or request in units of the divisor, rounded up; a missing one is 0. */
export function readResource(ref: ResourceFieldRef, containers: readonly Container[], self?: Container): string {
  const container = containers.find((each) => each.name === ref.containerName) ?? self;
  const [group, resource = ''] = ref.resource.split(/\.(.*)/s);
  const amount = container?.resources?.[group as 'limits' | 'requests']?.[resource];
  const divisor = parseQuantity(ref.divisor ?? '1') ?? 1;
  return String(Math.ceil((parseQuantity(amount ?? '0') ?? 0) / (divisor === 0 ? 1 : divisor)));
}
