/** The kinds of metric sources, by the name a policy means one with. */
import type { SourceRef } from '../core/outside/question.ts';
import type { SourceForm } from '../core/outside/source-form.ts';
import type { MetricSource } from '../ports/metrics.ts';
import { compile } from './prometheus/compile.ts';
import { prometheus } from './prometheus/prometheus.ts';
import { checkQuery } from './prometheus/query-text.ts';

/** The pure half, which also reads policies, and the one that asks. */
export type Source = SourceForm & { readonly open: (address: string) => MetricSource };

export const metricSources: Readonly<Record<SourceRef['kind'], Source>> = {
  prometheus: { check: checkQuery, compile, open: (address) => prometheus({ address }) },
};
