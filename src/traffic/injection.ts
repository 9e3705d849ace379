/** Signs that a mesh's proxy is injected into the pods of a workload. */
import type { Labels } from '../values/kube-object.ts';
import type { Sign, Surroundings } from '../ports/traffic.ts';

/** A label or annotation by which injection is asked for or refused. */
export type Switch = {
  readonly on: 'pod' | 'namespace';
  readonly in: 'labels' | 'annotations';
  readonly key: string;
  /** Values that ask for injection; any other value refuses it. */
  readonly yes: RegExp;
};

type Place = {
  readonly what: string;
  readonly labels: Labels | undefined;
  readonly annotations: Labels | undefined;
};

const places = ({ template, namespace }: Surroundings): Readonly<Record<Switch['on'], Place>> => ({
  pod: {
    what: 'the pod template',
    labels: template.metadata?.labels,
    annotations: template.metadata?.annotations,
  },
  namespace: {
    what: 'the namespace',
    labels: namespace?.metadata.labels,
    annotations: namespace?.metadata.annotations,
  },
});

/** Switches are given strongest first: the first one that is set decides. */
export const injection = (around: Surroundings, proxy: string, switches: readonly Switch[]): readonly Sign[] => {
  const where = places(around);
  for (const { on, in: place, key, yes } of switches) {
    const value = where[on][place]?.[key];
    if (value === undefined) continue;
    return yes.test(value)
      ? [{ shows: 'proxy', because: `${where[on].what} asks for ${proxy} (${key}: ${value})` }]
      : [];
  }
  return [];
};
