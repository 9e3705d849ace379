/** How Prometheus has each telemetry's series: their names, and the labels that say whose they are. */
import type { Allowed } from '../../core/questions/selector.ts';
import type { reporters as reporterNames } from '../../core/judge/count-once.ts';
import { durationNames, requestNames } from '../../core/judge/request-metrics.ts';
import type { Telemetry } from '../../core/policy/policy.ts';
import { podPattern } from './pod-pattern.ts';

/** One way in which sources have a telemetry's series. */
export type Way = {
  /** Labels that every series of interest has, whatever the arm. */
  readonly common: (namespace: string) => { readonly [label: string]: Allowed };
  /** The label that tells the arms apart. */
  readonly workloadLabel: string;
};

export type TelemetrySelectors = {
  /** Counters of finished requests: several where applications call theirs differently. */
  readonly requests: string | readonly string[];
  /** Cumulative histograms of durations, with `le`. */
  readonly durations: string | readonly string[];
  /** Where the first has no series of either arm the next is asked. */
  readonly ways: readonly [Way, ...Way[]];
  /** What the label that tells the arms apart is for the pods of these Deployments. */
  readonly workloads: (deployments: readonly string[]) => Allowed;
};

const only = (value: string): Allowed => ({ values: [value] });
const byName = (deployments: readonly string[]): Allowed => ({ values: deployments });

const byReporter = (...reporters: readonly (typeof reporterNames)[number][]): Way => ({
  common: (namespace) => ({ reporter: { values: reporters }, destination_workload_namespace: only(namespace) }),
  workloadLabel: 'destination_workload',
});

export const telemetrySelectors: Readonly<Record<Telemetry, TelemetrySelectors>> = {
  istio: {
    requests: 'istio_requests_total',
    durations: 'istio_request_duration_milliseconds_bucket',
    // Callers' proxies have a series for each caller, so they are asked only where nothing stands at the pods.
    ways: [byReporter('destination', 'waypoint'), byReporter('source')],
    workloads: byName,
  },
  linkerd: {
    requests: 'response_total',
    durations: 'response_latency_ms_bucket',
    ways: [
      {
        common: (namespace) => ({ direction: only('inbound'), namespace: only(namespace) }),
        workloadLabel: 'deployment',
      },
    ],
    workloads: byName,
  },
  application: {
    requests: requestNames,
    durations: durationNames,
    ways: [
      { common: (namespace) => ({ namespace: only(namespace) }), workloadLabel: 'pod' },
      // The names in the configuration that Prometheus' own repository had as its example for years.
      { common: (namespace) => ({ kubernetes_namespace: only(namespace) }), workloadLabel: 'kubernetes_pod_name' },
    ],
    workloads: (deployments) => ({ patterns: deployments.map(podPattern) }),
  },
};
