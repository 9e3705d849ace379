/** Recognises requests that are not from users: the kubelet's probes and Prometheus' scrapes, where a label has the path. */
import type { Labels } from '../../values/kube-object.ts';

/** Paths besides those of the template's probes. The last is a view of Django. */
const scrapes = ['/metrics', '/actuator/prometheus', '/prometheus', 'prometheus-django-metrics'];

const healthService = 'grpc.health.v1.Health';

/** Labels in which libraries store the path or route of a request. */
const pathLabels = [
  'path',
  'uri',
  'url',
  'route',
  'http_route',
  'http_target',
  'handler',
  'endpoint',
  'view',
  'grpc_service',
  'rpc_service',
];

/** Normalises a path: `/healthz?full=1` and `/healthz/` are both `/healthz`. */
const bare = (path: string): string => path.replace(/\?.*$/s, '').replace(/(?<=.)\/$/, '');

/** Spring uses `/actuator/health/**` for every path below. */
const isWithin = (path: string, label: string): boolean =>
  label.endsWith('/**') && path.startsWith(label.slice(0, -2)) && label.length > '/**'.length;

/** Whether a label has the path, so that probes can be distinguished from user requests. */
export const saysPath = (labels: Labels): boolean => pathLabels.some((name) => (labels[name] ?? '') !== '');

/**
 * Whether these labels belong to a probe of one of these paths or to a scrape. Requests for `/` always count as user
 * requests.
 */
export const isHousekeeping = (labels: Labels, probes: readonly string[] = []): boolean => {
  const asked = pathLabels.map((name) => bare(labels[name] ?? '')).filter((path) => path !== '' && path !== '/');
  const known = [...scrapes, ...probes.map(bare), healthService];
  return asked.some((label) => known.some((path) => path === label || isWithin(path, label)));
};
