/**
 * Everything that the harness knows of the engine's insides: what the controller is given, how a metric source is asked, and
 * the fields of a Release. Whoever changes one of these changes this file, and no story.
 */
import { pino } from 'pino';
import { createController, type Controller } from '../../src/controller/controller.ts';
import { formerTemplates } from '../../src/controller/former-templates.ts';
import type { MemoryCluster } from '../../src/memory/memory-client.ts';
import { knownProviders } from '../../src/traffic/known-providers.ts';
import { policyPort } from '../../src/policies/policies.ts';
import { sourceForms } from '../../src/metrics/index.ts';
import { memory, type MemorySource } from '../../src/metrics/memory.ts';
import { metricOutside } from '../../src/outside/outside.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { MetricError, type MetricSource } from '../../src/ports/metrics.ts';
import { isFinal } from '../../src/core/release/state.ts';
import type { PolicySpec } from '../../src/schema/policy.ts';
import type { Phase, Release } from '../../src/schema/release.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { detectProvider } from '../../src/traffic/detect.ts';
import { releaseIndex } from '../../src/controller/release-index.ts';
import { concerns, routeFormats, trafficProviders, trafficRunners } from '../../src/traffic/index.ts';

/** What the metrics say of every canary; `away`: nobody answers. */
export type Verdict = 'pass' | 'fail' | 'no-data' | 'away';

const query = 'health';

/** A policy whose only check is the verdict that a story sets. */
export const judgedBy = (spec: Partial<PolicySpec>): PolicySpec => ({
  checks: [
    { name: 'request-success-rate', min: 0, noData: 'pass' },
    { name: 'health', query, min: 1 },
  ],
  ...spec,
});

export type StoryMetrics = {
  readonly source: MetricSource;
  say(verdict: Verdict): void;
  /** A scrape: what a counter says at a moment. */
  readonly record: MemorySource['record'];
};

export const storyMetrics = (): StoryMetrics => {
  const source = memory();
  return {
    source,
    record: (labels, at, value) => source.record(labels, at, value),
    say: (verdict) => {
      source.fail(
        verdict === 'away' ? new MetricError('unreachable', 'Prometheus does not answer', { retry: true }) : undefined,
      );
      if (verdict !== 'away') source.answer(query, verdict === 'no-data' ? [] : Number(verdict === 'pass'));
    },
  };
};

export type ControllerParts = {
  readonly cluster: MemoryCluster;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly metrics: Pick<StoryMetrics, 'source'>;
  /** Counts what the controller does; not looked at unless given. */
  readonly telemetry?: Metrics;
  readonly workers?: number;
  /** Told of every reconcile that ended with an error that is none of the cluster's. */
  readonly bug: (words: string) => void;
};

/** The real controller with the real providers and policies. */
export const storyController = (parts: ControllerParts): Controller => {
  const { cluster, clock, journal, metrics: story, bug, workers = 2 } = parts;
  const providers = knownProviders(cluster);
  const metrics = parts.telemetry ?? createMetrics({ processMetrics: false });
  const log = pino({ level: 'warn' }, { write: (line: string) => tellBug(line, bug) });
  return createController(
    {
      cluster,
      clock,
      traffic: { providers: trafficRunners, formats: routeFormats, detect: detectProvider(trafficProviders) },
      index: releaseIndex(cluster, concerns),
      providers,
      policies: policyPort(cluster, { forms: sourceForms, providers }),
      outside: metricOutside({ clock, open: () => story.source, forms: sourceForms, random: () => 0 }),
      told: new Map(),
      rolls: new Map(),
      formerTemplates: formerTemplates(),
      journal,
      metrics,
      log,
    },
    { workers },
  );
};

const tellBug = (line: string, bug: (words: string) => void): void => {
  const { err } = JSON.parse(line) as { readonly err?: { readonly type: string; readonly stack?: string } };
  if (err !== undefined && err.type !== 'ClusterError') bug(err.stack ?? line);
};

/** A Release as people see it. */
export type SeenRelease = {
  readonly name: string;
  readonly phase: Phase;
  readonly over: boolean;
  readonly message: string;
  /** One word for why it ended. */
  readonly reason: string | undefined;
  readonly step: number;
  readonly status: Release['status'];
  /** The template it is to bring. */
  readonly templateHash: string;
  /** What became of the last request: `accepted`, or why it was refused. */
  readonly answer: string | undefined;
};

export const seeRelease = ({ metadata, spec, status }: Release): SeenRelease => {
  const phase = status?.phase ?? 'Pending';
  return {
    name: metadata.name,
    phase,
    over: isFinal(phase),
    message: status?.message ?? '',
    reason: status?.ending?.reason,
    step: status?.step ?? 0,
    status,
    templateHash: spec.templateHash,
    answer: status?.acknowledged?.at(-1)?.result,
  };
};
