/** From a question to what Prometheus is asked: one request, whatever the number of arms. */
import type { Arms, Question, Window } from '../../core/questions/question.ts';
import type { Selector } from '../../core/questions/selector.ts';
import type { Compiled } from '../../core/questions/source-form.ts';
import type { Telemetry } from '../../core/policy/policy.ts';
import type { Instant } from '../../values/time.ts';
import { promqlDuration, selectorText } from './promql.ts';
import { fillQuery } from './query-text.ts';
import { telemetrySelectors } from './telemetry-selectors.ts';

type Measured = 'requests' | 'durations';

const selectorOf = (measured: Measured, telemetry: Telemetry, arms: Arms, deployments: readonly string[]): Selector => {
  const { common, workloadLabel, workloads, [measured]: metric } = telemetrySelectors[telemetry];
  return { metric, where: { ...common(arms.namespace), [workloadLabel]: workloads(deployments) } };
};

const samples = (measured: Measured, { telemetry, arms, window }: Question, since: Instant): Compiled => {
  const of = (...deployments: readonly string[]): Selector => selectorOf(measured, telemetry, arms, deployments);
  const selector = of(arms.workload, arms.canary);
  return {
    ask: { shape: 'samples', selector, from: since, to: window.to },
    query: selectorText(selector),
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

/** What to ask Prometheus. Never a rate: counters are differenced by the judge, from raw points that reach back to `since`. */
export const compile = (question: Question, since: Instant): Compiled => {
  const { check, arms, window } = question;
  switch (check.kind) {
    case 'success-rate':
      return samples('requests', question, since);
    case 'duration':
      return samples('durations', question, since);
    case 'query': {
      const query = filled(check.query, arms, window);
      return { ask: { shape: 'value', query, at: window.to }, query };
    }
  }
};
