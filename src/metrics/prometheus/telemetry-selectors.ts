/** How Prometheus has each telemetry's series: their names, and the labels that say whose they are. */
import type { Allowed } from '../../core/questions/selector.ts';
import type { Telemetry } from '../../core/policy/policy.ts';
import { podPattern } from './pod-pattern.ts';

export type TelemetrySelectors = {
  /** Counter of finished requests. */
  readonly requests: string;
  /** Cumulative histogram of durations, with `le`. */
  readonly durations: string;
  /** Labels that every series of interest has, whatever the arm. */
  readonly common: (namespace: string) => { readonly [label: string]: Allowed };
  /** The label that tells the arms apart, and what it is for the pods of these Deployments. */
  readonly workloadLabel: string;
  readonly workloads: (deployments: readonly string[]) => Allowed;
};

const only = (value: string): Allowed => ({ values: [value] });
const byName = (deployments: readonly string[]): Allowed => ({ values: deployments });

export const telemetrySelectors: Readonly<Record<Telemetry, TelemetrySelectors>> = {
  istio: {
    requests: 'istio_requests_total',
    durations: 'istio_request_duration_milliseconds_bucket',
    common: (namespace) => ({ reporter: only('destination'), destination_workload_namespace: only(namespace) }),
    workloadLabel: 'destination_workload',
    workloads: byName,
  },
  linkerd: {
    requests: 'response_total',
    durations: 'response_latency_ms_bucket',
    common: (namespace) => ({ direction: only('inbound'), namespace: only(namespace) }),
    workloadLabel: 'deployment',
    workloads: byName,
  },
  application: {
    requests: 'http_requests_total',
    durations: 'http_request_duration_seconds_bucket',
    common: (namespace) => ({ namespace: only(namespace) }),
    workloadLabel: 'pod',
    workloads: (deployments) => ({ patterns: deployments.map(podPattern) }),
  },
};
