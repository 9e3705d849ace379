/** Whether a Service leads to the pods of a template: by their labels, and by the ports that their containers declare. */
import type { Json, JsonObject, Labels, PodTemplate, Service } from '../../values/kube-object.ts';
import { selects } from '../../values/label-selector.ts';

export type ContainerPort = { readonly name?: string; readonly port: number };

/** What of a template decides whether a Service leads to its pods. */
export type Reachable = { readonly labels: Labels; readonly ports: readonly ContainerPort[] };

type Apex = Pick<Service, 'metadata' | 'spec'>;
type Target = number | string;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectsIn = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];

const portOf = ({ name, containerPort }: JsonObject): readonly ContainerPort[] => {
  if (typeof containerPort !== 'number') return [];
  return [typeof name === 'string' ? { name, port: containerPort } : { port: containerPort }];
};

/** Sidecars are init containers that go on running. */
export const reachableOf = ({ metadata, spec = {} }: PodTemplate): Reachable => ({
  labels: metadata?.labels ?? {},
  ports: [
    ...objectsIn(spec['containers']),
    ...objectsIn(spec['initContainers']).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ].flatMap(({ ports }) => objectsIn(ports).flatMap(portOf)),
});

const targetsOf = ({ spec }: Apex): readonly Target[] =>
  (spec.ports ?? []).map(({ port, targetPort }) => targetPort ?? port);

const declares = (ports: readonly ContainerPort[], target: Target): boolean =>
  ports.some(({ name, port }) => target === name || target === port);

/**
 * A port that is named has to be there. One that is a number need not be declared: only where the other template declares
 * it, and this one others, has it moved.
 */
const misses = (own: readonly ContainerPort[], other: readonly ContainerPort[], target: Target): boolean =>
  !declares(own, target) && (typeof target === 'string' || (own.length > 0 && declares(other, target)));

/** It had, or gets, a port of its own that the Service does not lead to. What is only added has no counterpart. */
const hasOutlived = (
  own: readonly ContainerPort[],
  other: readonly ContainerPort[],
  targets: readonly Target[],
): boolean =>
  own.some(
    ({ name, port }) =>
      !targets.some((target) => target === name || target === port) &&
      !other.some((one) => one.name === name && one.port === port),
  );

const selectorText = (selector: Labels): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

/** The same of ports alone: whether the pods of a template answer where the Service sends, whoever selects them. */
export const portMisfit = (
  apex: Apex,
  own: Pick<Reachable, 'ports'>,
  other: Pick<Reachable, 'ports'>,
): string | undefined => {
  const targets = targetsOf(apex);
  const missed = targets.filter((target) => misses(own.ports, other.ports, target));
  if (missed.length === 0) return undefined;
  if (missed.length < targets.length && !hasOutlived(own.ports, other.ports, targets)) return undefined;
  const declared = own.ports.map(({ name, port }) => (name === undefined ? `${port}` : `${port} (${name})`)).join(', ');
  return `Service ${apex.metadata.name} sends to port ${missed.join(', ')}, and the pods declare ${declared || 'none'}`;
};

/**
 * Why a Service leads past the pods of one of two templates, as a sentence fragment; undefined where it leads to them, or
 * where nobody can tell.
 */
export const misfit = (apex: Apex, own: Reachable, other: Reachable): string | undefined => {
  const { selector = {} } = apex.spec;
  if (!selects({ matchLabels: selector }, own.labels))
    return `Service ${apex.metadata.name} selects ${selectorText(selector)}, which the pods do not carry`;
  return portMisfit(apex, own, other);
};
