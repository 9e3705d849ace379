/** The program's metrics. One object per process with its own registry, passed to the components that report. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Instant, Milliseconds } from '../values/time.ts';
import { metricDefinitions as defined } from './metric-definitions.ts';
import { makersFor, type Makers } from './metric-makers.ts';
import { releaseMetrics, type ReleaseMetrics } from './release-metrics.ts';

export interface Metrics {
  readonly release: ReleaseMetrics;
  /** The webhook answered a request. `seen` is the case. */
  admission(seen: string, took: Milliseconds, allowed: boolean): void;
  /** A reconcile ended. `failed` is the reason of the error, if there was one. */
  reconcile(took: Milliseconds, failed?: string): void;
  queueDepth(waiting: number): void;
  /** Whether this replica is the leader. */
  leader(leading: boolean): void;
  /** A request to the API server; `code` is the HTTP status, 0 without a response. */
  kubeRequest(verb: string, kind: string, code: number): void;
  trafficChange(provider: string, op: string): void;
  /** How far this process's clock is ahead of the API server's. */
  clockSkew(ahead: Milliseconds): void;
  /** The webhook's new serving certificate. */
  certificateExpiry(name: string, at: Instant): void;
  /** All metrics in the exposition format, and the content type. */
  expose(): Promise<{ readonly text: string; readonly contentType: string }>;
}

const observers = ({ counter, gauge, histogram }: Makers): Omit<Metrics, 'release' | 'expose'> => {
  const admissions = counter(defined.admissions);
  const admissionDuration = histogram(defined.admissionDuration);
  const reconcileDuration = histogram(defined.reconcileDuration);
  const reconcileErrors = counter(defined.reconcileErrors);
  const queueDepth = gauge(defined.queueDepth);
  const leader = gauge(defined.leader);
  const kubeRequests = counter(defined.kubeRequests);
  const trafficChanges = counter(defined.trafficChanges);
  const clockSkew = gauge(defined.clockSkew);
  const certificateExpiry = gauge(defined.certificateExpiry);
  return {
    admission: (seen, took, allowed) => {
      const labels = { case: seen, allowed: String(allowed) };
      admissions.inc(labels);
      admissionDuration.observe(labels, took / 1000);
    },
    reconcile: (took, failed) => {
      reconcileDuration.observe(took / 1000);
      if (failed !== undefined) reconcileErrors.inc({ reason: failed });
    },
    queueDepth: (waiting) => queueDepth.set(waiting),
    leader: (leading) => leader.set(leading ? 1 : 0),
    kubeRequest: (verb, kind, code) => kubeRequests.inc({ verb, kind, code: String(code) }),
    trafficChange: (provider, op) => trafficChanges.inc({ provider, op }),
    clockSkew: (ahead) => clockSkew.set(ahead / 1000),
    certificateExpiry: (name, at) => certificateExpiry.set({ name }, at / 1000),
  };
};

/** `processMetrics`: also collect the default metrics of the process and of Node, which start their own observers. */
export const createMetrics = (options: { readonly processMetrics: boolean }): Metrics => {
  const registry = new Registry();
  // Event loop delay is sampled by a timer, whose default of 10 ms would wake an idle process 100 times a second.
  if (options.processMetrics) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const make = makersFor(registry);
  return {
    release: releaseMetrics(make),
    ...observers(make),
    expose: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
};
