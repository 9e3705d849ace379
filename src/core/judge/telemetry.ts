/** Whose metrics the built-in checks read: what their labels mean. How a source has them is the source's business. */
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import { meaningOfStatus, type Meaning } from './meaning.ts';

export type TelemetryMetrics = {
  /** Milliseconds in one unit of `le`. */
  readonly millisPerUnit: number;
  readonly meaning: (labels: Labels) => Meaning;
  /** What must be in place for the series to exist, for a person who has no data. */
  readonly needs: string;
};

/** gRPC answers with HTTP status 200 whatever happens; these of its codes are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const grpcServerFaults = new Set(['2', '4', '12', '13', '14', '15']);

// Code 0 is a request that never got an answer: where the caller's proxy gives up (504 there), the side that serves
// reports 0 (istio/istio issue 19320). Left out, a canary that hangs would look perfect.
const istioMeaning = (labels: Labels): Meaning => {
  if (labels['response_code'] === '0') return 'failed';
  if (grpcServerFaults.has(labels['grpc_response_status'] ?? '')) return 'failed';
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

export const telemetries: Readonly<Record<Telemetry, TelemetryMetrics>> = {
  istio: {
    millisPerUnit: 1,
    meaning: istioMeaning,
    needs: 'Prometheus must scrape the sidecars (port 15020, /stats/prometheus) of the workload and of its canary',
  },
  linkerd: {
    millisPerUnit: 1,
    meaning: linkerdMeaning,
    needs:
      "Prometheus must scrape the proxies (port 4191) with Linkerd's relabelling, which sets `namespace` and `deployment`",
  },
  application: {
    millisPerUnit: 1000,
    meaning: (labels) => meaningOfStatus(labels),
    needs:
      "Prometheus must scrape the application's pods, set the labels `namespace` and `pod`, and the application must count requests with a label `status` (or `code`)",
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
  'instance',
  'container',
] as const;
