/** Requests that are nobody's: the kubelet's probes and Prometheus' scrapes, where a label says what was asked for. */
import type { Labels } from '../../values/kube-object.ts';

/** Paths besides those of the template's probes. The last is a view of Django. */
const scrapes = ['/metrics', '/actuator/prometheus', '/prometheus', 'prometheus-django-metrics'];

const healthService = 'grpc.health.v1.Health';

/** Labels in which libraries say which path or route was asked for. */
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

/** `/healthz?full=1` and `/healthz/` ask for the same. */
const bare = (path: string): string => path.replace(/\?.*$/s, '').replace(/(?<=.)\/$/, '');

/** Spring says `/actuator/health/**` for whatever lies below. */
const isWithin = (path: string, label: string): boolean =>
  label.endsWith('/**') && path.startsWith(label.slice(0, -2)) && label.length > '/**'.length;

/** Whether a label says for what path, so that probes can be told from users. */
export const saysPath = (labels: Labels): boolean => pathLabels.some((name) => (labels[name] ?? '') !== '');

/** Whether these labels are of a probe of these paths, or of a scrape. The root is everybody's. */
export const isHousekeeping = (labels: Labels, probes: readonly string[] = []): boolean => {
  const asked = pathLabels.map((name) => bare(labels[name] ?? '')).filter((path) => path !== '' && path !== '/');
  const known = [...scrapes, ...probes.map(bare), healthService];
  return asked.some((label) => known.some((path) => path === label || isWithin(path, label)));
};
