/** The metric sources, by kind. */
import type { SourceKind } from '../ports/metrics.ts';
import { memory } from './memory.ts';
import { prometheus } from './prometheus.ts';

export const metricSources = { prometheus, memory } as const satisfies Record<SourceKind, unknown>;
