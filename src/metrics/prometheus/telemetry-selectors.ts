/** How Prometheus stores each telemetry's series: metric names, and the labels that identify the workload. */
import type { Allowed } from '../../core/questions/selector.ts';
import type { reporters as reporterNames } from '../../core/judge/count-once.ts';
import { durationNames, requestNames } from '../../core/judge/request-metrics.ts';
import type { Telemetry } from '../../core/policy/policy.ts';
import { podPattern } from './pod-pattern.ts';

/** One label scheme under which a source may hold a telemetry's series. */
export type Way = {
  /** Labels that the series of both arms share. */
  readonly common: (namespace: string) => { readonly [label: string]: Allowed };
  /** The label that distinguishes the arms. */
  readonly workloadLabel: string;
};

export type TelemetrySelectors = {
  /** Counters of finished requests; several names where applications differ. */
  readonly requests: string | readonly string[];
  /** Cumulative histograms of durations, with `le`. */
  readonly durations: string | readonly string[];
  /** Tried in order, until one has series of either arm. */
  readonly ways: readonly [Way, ...Way[]];
  /** Allowed values of `workloadLabel` for the pods of these Deployments. */
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
    // The callers' proxies have one series per caller, so they are queried only where no proxy stands at the pods.
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
      // Label names from the example configuration that Prometheus' own repository had for years.
      { common: (namespace) => ({ kubernetes_namespace: only(namespace) }), workloadLabel: 'kubernetes_pod_name' },
    ],
    workloads: (deployments) => ({ patterns: deployments.map(podPattern) }),
  },
};
