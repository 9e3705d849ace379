/**
 * The telemetries that built-in checks read, and what their labels mean. How a source stores them is defined with the
 * source.
 */
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import { byName, byReporter, type CountOnce } from './count-once.ts';
import { isHousekeeping } from './housekeeping.ts';
import { meaningOfGrpc, meaningOfStatus, type Meaning } from './meaning.ts';
import { durationNames, protocolOf, requestNames } from './request-metrics.ts';

export type TelemetryMetrics = {
  /** Milliseconds in one unit of `le`. */
  readonly millisPerUnit: number;
  /** `probes` are the paths of the kubelet's probes. */
  readonly meaning: (labels: Labels, probes?: readonly string[]) => Meaning;
  /** Selects increments of one arm so that each request counts once. */
  readonly once: CountOnce;
  /** What is required for the series to exist; shown to people who get no data. */
  readonly needs: string;
};

// Code 0 is a request that never got an answer: when the caller's proxy times out (and reports 504), the server's proxy
// reports 0 (istio/istio issue 19320). If it were ignored, a canary that hangs would look perfect.
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

/** Resolves `telemetry: auto` to the telemetry with the provider's name, if there is one. */
export const telemetryOf = (set: 'auto' | Telemetry, provider: string): Telemetry => {
  if (set !== 'auto') return set;
  return Object.hasOwn(telemetries, provider) ? (provider as Telemetry) : 'application';
};

/** Labels that say which process a series comes from. All counters of a process reset together. */
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
