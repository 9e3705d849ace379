/** The paths that nobody but the cluster asks a pod for. */
import type { Json, JsonObject, PodTemplate } from '../../values/kube-object.ts';

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const field = (value: Json | undefined, name: string): Json | undefined => (isObject(value) ? value[name] : undefined);

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const listed = (value: Json | undefined): readonly Json[] => (isList(value) ? value : []);

/** Paths of the template's HTTP probes and of the scrapes that its annotations ask for; each once, without the root. */
export const probePaths = ({ metadata, spec }: PodTemplate): readonly string[] => {
  const containers = [...listed(spec?.['containers']), ...listed(spec?.['initContainers'])];
  const probed = containers.flatMap((container) =>
    probes.map((probe) => field(field(field(container, probe), 'httpGet'), 'path')),
  );
  const paths = [...probed, metadata?.annotations?.['prometheus.io/path']];
  return [...new Set(paths.filter((path): path is string => typeof path === 'string' && path !== '' && path !== '/'))];
};
