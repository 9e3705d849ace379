/** What the program counts. One object per process, with a registry of its own, handed to whoever has something to tell. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Instant, Milliseconds } from '../values/time.ts';
import { metricDefinitions as defined } from './metric-definitions.ts';
import { makersFor, type Makers } from './metric-makers.ts';
import { releaseMetrics, type ReleaseMetrics } from './release-metrics.ts';

export interface Metrics {
  readonly release: ReleaseMetrics;
  /** The webhook answered: the case it saw, how long it took, what it said. */
  admission(seen: string, took: Milliseconds, allowed: boolean): void;
  /** One look after a workload is over. `failed` is the reason of the error that ended it. */
  reconcile(took: Milliseconds, failed?: string): void;
  queueDepth(waiting: number): void;
  /** Whether this replica is the one that works. */
  leader(leading: boolean): void;
  /** A request to the API server; `code` is the HTTP status, 0 where no answer came. */
  kubeRequest(verb: string, kind: string, code: number): void;
  trafficChange(provider: string, op: string): void;
  /** How far the clock of this process is ahead of the API server's. */
  clockSkew(ahead: Milliseconds): void;
  /** The certificate the webhook serves with from now on. */
  certificateExpiry(name: string, at: Instant): void;
  /** Everything in the exposition format, and its content type. */
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

/** `processMetrics`: also the figures of the process and of Node, which start observers of their own. */
export const createMetrics = (options: { readonly processMetrics: boolean }): Metrics => {
  const registry = new Registry();
  // The event loop's delay is sampled by a timer; the default of 10 ms wakes an idle process a hundred times a second.
  if (options.processMetrics) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const make = makersFor(registry);
  return {
    release: releaseMetrics(make),
    ...observers(make),
    expose: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
};
