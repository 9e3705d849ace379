/** Whose metrics the built-in checks read: what their labels mean. How a source has them is the source's business. */
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import { byName, byReporter, type CountOnce } from './count-once.ts';
import { isHousekeeping } from './housekeeping.ts';
import { meaningOfGrpc, meaningOfStatus, type Meaning } from './meaning.ts';
import { durationNames, protocolOf, requestNames } from './request-metrics.ts';

export type TelemetryMetrics = {
  /** Milliseconds in one unit of `le`. */
  readonly millisPerUnit: number;
  /** `probes`: paths that the kubelet asks for. */
  readonly meaning: (labels: Labels, probes?: readonly string[]) => Meaning;
  /** Of one arm's increments of one kind, those that count each request once. */
  readonly once: CountOnce;
  /** What must be in place for the series to exist, for a person who has no data. */
  readonly needs: string;
};

// Code 0 is a request that never got an answer: where the caller's proxy gives up (504 there), the side that serves
// reports 0 (istio/istio issue 19320). Left out, a canary that hangs would look perfect.
const istioMeaning = (labels: Labels): Meaning => {
  if (labels['response_code'] === '0') return 'failed';
  if (meaningOfGrpc(labels['grpc_response_status']) === 'failed') return 'failed';
  return meaningOfStatus(labels, ['response_code']);
};

// The proxy counts the kubelet's probes and scrapes of its own admin port as inbound responses; hundreds of healthy
// probes would hide failing requests.
const isLinkerdHousekeeping = (labels: Labels): boolean =>
  labels['route_name'] === 'probe' || labels['srv_port'] === '4191' || labels['target_port'] === '4191';

const linkerdMeaning = (labels: Labels): Meaning => {
  if (isLinkerdHousekeeping(labels)) return 'skip';
  if (labels['classification'] === 'failure') return 'failed';
  return labels['classification'] === 'success' ? 'ok' : 'unknown';
};

const applicationMeaning = (labels: Labels, probes?: readonly string[]): Meaning => {
  if (isHousekeeping(labels, probes)) return 'skip';
  return protocolOf(labels['__name__']) === 'grpc'
    ? meaningOfGrpc(labels['grpc_code'] ?? labels['rpc_grpc_status_code'])
    : meaningOfStatus(labels);
};

const all: CountOnce = (grown) => grown;

export const telemetries: Readonly<Record<Telemetry, TelemetryMetrics>> = {
  istio: {
    millisPerUnit: 1,
    meaning: istioMeaning,
    once: byReporter,
    needs:
      'Prometheus must scrape the sidecars (port 15020, /stats/prometheus) of the workload and of its canary, or, where they have none, the waypoint or the gateway in front of them',
  },
  linkerd: {
    millisPerUnit: 1,
    meaning: linkerdMeaning,
    once: all,
    needs:
      "Prometheus must scrape the proxies (port 4191) with Linkerd's relabelling, which sets `namespace` and `deployment`",
  },
  application: {
    millisPerUnit: 1000,
    meaning: applicationMeaning,
    once: byName([...requestNames, ...durationNames]),
    needs:
      "Prometheus must scrape the application's pods and set the labels `namespace` and `pod` (or `kubernetes_namespace` and `kubernetes_pod_name`), and the application must count its requests with their HTTP status; docs/checks.md has the names that are read",
  },
};

/** Whose metrics built-in checks read, where the policy leaves it to the provider: those of its own name, if there are any. */
export const telemetryOf = (set: 'auto' | Telemetry, provider: string): Telemetry => {
  if (set !== 'auto') return set;
  return Object.hasOwn(telemetries, provider) ? (provider as Telemetry) : 'application';
};

/** Labels that say which process a series comes from. Everything one process counts starts again at zero together. */
export const targetLabels = [
  'cluster',
  'prometheus',
  'prometheus_replica',
  'job',
  'namespace',
  'pod',
  'kubernetes_namespace',
  'kubernetes_pod_name',
  'instance',
  'container',
] as const;
