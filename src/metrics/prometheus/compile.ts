/** Compiles a question to one Prometheus request that covers both arms. */
import type { Arms, Question, Window } from '../../core/questions/question.ts';
import { metricsOf, type Selector } from '../../core/questions/selector.ts';
import type { Compiled } from '../../core/questions/source-form.ts';
import type { Telemetry } from '../../core/policy/policy.ts';
import type { Instant } from '../../values/time.ts';
import { matcher, promqlDuration, selectorText } from './promql.ts';
import { fillQuery } from './query-text.ts';
import { telemetrySelectors, type Way } from './telemetry-selectors.ts';

type Measured = 'requests' | 'durations';

const wayOf = (telemetry: Telemetry, way: number): Way => {
  const { ways } = telemetrySelectors[telemetry];
  return ways[way] ?? ways[0];
};

/** `http_requests_total or another of 14 names, with namespace="shop" and pod of web or web-canary` */
const soughtWords = (metric: Selector['metric'], { telemetry, arms }: Question, way: number): string => {
  const [first = '', ...others] = metricsOf({ metric });
  const { common, workloadLabel } = wayOf(telemetry, way);
  const labels = Object.entries(common(arms.namespace)).map((one) => matcher(one));
  const names = others.length === 0 ? first : `${first} (or another of ${others.length} names that libraries use)`;
  return `${names} with ${labels.join(', ')} and \`${workloadLabel}\` of ${arms.workload} or ${arms.canary}`;
};

const samples = (measured: Measured, question: Question, { since, way }: { since: Instant; way: number }): Compiled => {
  const { telemetry, arms, window } = question;
  const { workloads, [measured]: metric } = telemetrySelectors[telemetry];
  const { common, workloadLabel } = wayOf(telemetry, way);
  const of = (...deployments: readonly string[]): Selector => ({
    metric,
    where: { ...common(arms.namespace), [workloadLabel]: workloads(deployments) },
  });
  const selector = of(arms.workload, arms.canary);
  return {
    ask: { shape: 'samples', selector, from: since, to: window.to },
    query: selectorText(selector),
    sought: soughtWords(metric, question, way),
    arms: { canary: of(arms.canary), stable: of(arms.workload) },
  };
};

const filled = (query: string, arms: Arms, window: Window): string =>
  fillQuery(query, {
    namespace: arms.namespace,
    workload: arms.workload,
    canary: arms.canary,
    service: arms.service,
    interval: promqlDuration(window.to - window.from),
  });

/** The number of alternative label schemes under which Prometheus may hold the series of a check. */
export const ways = ({ check, telemetry }: Pick<Question, 'check' | 'telemetry'>): number =>
  check.kind === 'query' ? 1 : telemetrySelectors[telemetry].ways.length;

/**
 * Compiles a question. The result never contains rate(): the judge computes increments from raw points that reach back to
 * `since`.
 */
export const compile = (question: Question, since: Instant, way = 0): Compiled => {
  const { check, arms, window } = question;
  switch (check.kind) {
    case 'success-rate':
      return samples('requests', question, { since, way });
    case 'duration':
      return samples('durations', question, { since, way });
    case 'query': {
      const query = filled(check.query, arms, window);
      return { ask: { shape: 'value', query, at: window.to }, query };
    }
  }
};
