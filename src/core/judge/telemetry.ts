/** Whose metrics the built-in checks read: names, labels and what they mean. One entry per telemetry, nothing else knows them. */
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import { podPattern } from './pod-pattern.ts';
import type { Allowed } from './selector.ts';

/** What became of the requests a series counts. `skip`: not the users' requests. `unknown`: the labels do not say. */
export type Meaning = 'ok' | 'failed' | 'skip' | 'unknown';

export type TelemetryMetrics = {
  /** Counter of finished requests. */
  readonly requests: string;
  /** Cumulative histogram of durations, with `le`. */
  readonly durations: string;
  /** Milliseconds in one unit of `le`. */
  readonly millisPerUnit: number;
  /** Labels that every series of interest has, whatever the arm. */
  readonly common: (namespace: string) => { readonly [label: string]: Allowed };
  /** The label that tells the arms apart, and what it is for the pods of these Deployments. */
  readonly workloadLabel: string;
  readonly workloads: (deployments: readonly string[]) => Allowed;
  readonly meaning: (labels: Labels) => Meaning;
  /** What must be in place for the series to exist, for a person who has no data. */
  readonly needs: string;
};

/** gRPC answers with HTTP status 200 whatever happens; these of its codes are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const grpcServerFaults = new Set(['2', '4', '12', '13', '14', '15']);

const byStatus = (status: string | undefined): Meaning => {
  if (status === undefined || status === '') return 'unknown';
  return /^5(\d\d|xx)$/i.test(status) ? 'failed' : 'ok';
};

// Code 0 is a request that never got an answer: where the caller's proxy gives up (504 there), the side that serves
// reports 0 (istio/istio issue 19320). Left out, a canary that hangs would look perfect.
const istioMeaning = (labels: Labels): Meaning => {
  if (labels['response_code'] === '0') return 'failed';
  if (grpcServerFaults.has(labels['grpc_response_status'] ?? '')) return 'failed';
  return byStatus(labels['response_code']);
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

const applicationMeaning = (labels: Labels): Meaning =>
  byStatus(labels['status'] ?? labels['code'] ?? labels['status_code']);

const only = (value: string): Allowed => ({ values: [value] });
const byName = (deployments: readonly string[]): Allowed => ({ values: deployments });

export const telemetries: Readonly<Record<Telemetry, TelemetryMetrics>> = {
  istio: {
    requests: 'istio_requests_total',
    durations: 'istio_request_duration_milliseconds_bucket',
    millisPerUnit: 1,
    common: (namespace) => ({ reporter: only('destination'), destination_workload_namespace: only(namespace) }),
    workloadLabel: 'destination_workload',
    workloads: byName,
    meaning: istioMeaning,
    needs: 'Prometheus must scrape the sidecars (port 15020, /stats/prometheus) of the workload and of its canary',
  },
  linkerd: {
    requests: 'response_total',
    durations: 'response_latency_ms_bucket',
    millisPerUnit: 1,
    common: (namespace) => ({ direction: only('inbound'), namespace: only(namespace) }),
    workloadLabel: 'deployment',
    workloads: byName,
    meaning: linkerdMeaning,
    needs:
      "Prometheus must scrape the proxies (port 4191) with Linkerd's relabelling, which sets `namespace` and `deployment`",
  },
  application: {
    requests: 'http_requests_total',
    durations: 'http_request_duration_seconds_bucket',
    millisPerUnit: 1000,
    common: (namespace) => ({ namespace: only(namespace) }),
    workloadLabel: 'pod',
    workloads: (deployments) => ({ patterns: deployments.map(podPattern) }),
    meaning: applicationMeaning,
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
