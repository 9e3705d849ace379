/** Many releases and what a metric source has of them, for tests of asking about all of them at once. */
import { expect } from '@jest/globals';
import { questionsFor, type RoundSubject } from '../../src/core/judge/ask-round.ts';
import { judgeRound, type Round } from '../../src/core/judge/judge-round.ts';
import type { Series } from '../../src/core/judge/series.ts';
import type { Question } from '../../src/core/questions/question.ts';
import type { Ask } from '../../src/core/questions/source-form.ts';
import { memory } from '../../src/metrics/memory.ts';
import type { Outside } from '../../src/ports/outside.ts';
import type { MetricSource } from '../../src/ports/metrics.ts';
import type { Labels } from '../../src/values/kube-object.ts';
import type { Instant } from '../../src/values/time.ts';
import { aRound, duration, successRate } from './measurements.ts';

/** Whether its canary is good, fails a tenth of its requests, or is slow. */
export type Health = 'good' | 'failing' | 'slow';
const healths: readonly Health[] = ['good', 'failing', 'slow'];

export type ManyReleases = {
  readonly rounds: readonly RoundSubject[];
  readonly healthOf: (round: RoundSubject) => Health;
  /** Four scrapes of one pod per arm, every 15 s up to the windows' end. */
  readonly series: readonly Series[];
};

const labelsOf = (namespace: string, deployment: string): Labels => ({
  reporter: 'destination',
  destination_workload: deployment,
  destination_workload_namespace: namespace,
  namespace,
  pod: `${deployment}-7d9f8b6c5d-x2k4p`,
});

const seriesOf = ({ arms }: RoundSubject, health: Health, to: Instant): readonly Series[] => {
  const counter = (labels: Labels, perScrape: number): Series => ({
    labels,
    points: [0, 1, 2, 3].map((i) => [to - (3 - i) * 15_000, i * perScrape]),
  });
  const ofArm = (deployment: string, { failed, slow }: { failed: number; slow: number }): readonly Series[] => {
    const labels = labelsOf(arms.namespace, deployment);
    const requests = { __name__: 'istio_requests_total', ...labels };
    const durations = { __name__: 'istio_request_duration_milliseconds_bucket', ...labels, response_code: '200' };
    return [
      counter({ ...requests, response_code: '200' }, 100 - failed),
      counter({ ...requests, response_code: '503' }, failed),
      counter({ ...durations, le: '100' }, 100 - slow),
      counter({ ...durations, le: '1000' }, 100),
      counter({ ...durations, le: '+Inf' }, 100),
    ];
  };
  return [
    ...ofArm(arms.workload, { failed: 0, slow: 0 }),
    ...ofArm(arms.canary, { failed: health === 'failing' ? 10 : 0, slow: health === 'slow' ? 50 : 0 }),
  ];
};

/**
 * Releases of workloads whose names begin alike, ten to a namespace, the same names in each. One in three is good, one fails and
 * one is slow, so that neighbours differ.
 */
export const manyReleases = (count: number, to: Instant): ManyReleases => {
  const healthOf = ({ release }: RoundSubject): Health => healths[Number(release.split('-').at(-1)) % 3] ?? 'good';
  const rounds = Array.from({ length: count }, (_, i) => {
    const workload = ['web', 'web-web', 'web-web-web', 'we', 'webx'][i % 5]! + (i % 10 < 5 ? '' : '-v2');
    return aRound({
      release: `${workload}-${i}`,
      checks: [successRate(99), duration(500)],
      arms: {
        ...aRound().arms,
        namespace: `team-${Math.floor(i / 10)}`,
        workload,
        canary: `${workload}-canary`,
      },
      window: { from: to - 30_000, to },
    });
  });
  return { rounds, healthOf, series: rounds.flatMap((round) => seriesOf(round, healthOf(round), to)) };
};

/** What each release's own verdict has to be: any series of another in it would change the numbers. */
export const rightRound = (health: Health): object => {
  const passes = (because: RegExp): object => ({ call: 'pass', because: expect.stringMatching(because) });
  const fails = (because: RegExp): object => ({ call: 'fail', because: expect.stringMatching(because) });
  return {
    outcome: health === 'good' ? 'pass' : 'fail',
    results: [
      health === 'failing'
        ? fails(/ 90 % \(canary 200 requests, 20 failed\) .*; stable 100 % \(200 requests\)/)
        : passes(/ 100 % \(canary 200 requests, 0 failed\) .*; stable 100 % \(200 requests\)/),
      health === 'slow'
        ? fails(/ p99 982 ms \(canary 200 requests\) .*; stable p99 99 ms \(200 requests\)/)
        : passes(/ p99 99 ms \(canary 200 requests\) .*; stable p99 99 ms \(200 requests\)/),
    ],
  };
};

export const keyOf = ({ arms, release }: RoundSubject): string => `${arms.namespace}/${release}`;

/** Wants the questions of all of them. */
export const wantAll = (outside: Outside, rounds: readonly RoundSubject[]): void => {
  for (const round of rounds) outside.want(keyOf(round), questionsFor(round));
};

export const judgedBy = (outside: Outside, round: RoundSubject): Round | 'pending' =>
  judgeRound(round, {
    answers: outside.answers(keyOf(round)),
    threshold: 3,
    failures: 0,
    evidence: {},
    started: new Map(),
    weight: 10,
    settledAt: 0,
  });

/** A source that writes down what it is asked, and answers when it is let. */
export type CountingSource = MetricSource & {
  readonly asks: Ask[];
  /** Asks that are under way. */
  readonly open: Set<Ask>;
  readonly aborted: Ask[];
  record: ReturnType<typeof memory>['record'];
  /** Resolves before each answer; never, for a source that hangs. */
  pace: () => Promise<void>;
};

export const countingSource = (): CountingSource => {
  const answering = memory();
  const source: CountingSource = {
    ...answering,
    asks: [],
    open: new Set(),
    aborted: [],
    pace: () => Promise.resolve(),
    fetch: async (ask, signal, most) => {
      source.asks.push(ask);
      source.open.add(ask);
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      try {
        await Promise.race([source.pace(), aborted]);
        if (signal.aborted) source.aborted.push(ask);
        return await answering.fetch(ask, signal, most);
      } finally {
        source.open.delete(ask);
      }
    },
  };
  return source;
};

export const load = (source: Pick<CountingSource, 'record'>, series: readonly Series[]): void => {
  for (const { labels, points } of series) for (const [at, value] of points) source.record(labels, at, value);
};

/** Wants each question under a key of its own. */
export const wantEach = (outside: Outside, questions: readonly Question[]): void => {
  for (const question of questions) outside.want(question.id, [question]);
};
