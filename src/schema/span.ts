/** Fields that hold a length of time. */
import { Type } from 'typebox';
import { patterns } from './patterns.ts';

export type Bounds = readonly [shortest: string, longest: string];

/** The lower bound keeps authors of policies from making the controller work without a pause. */
const bounded = (description: string, [minDuration, maxDuration]: Bounds) =>
  ({ pattern: patterns.duration.pattern, minDuration, maxDuration, description }) as const;

export const duration = (description: string, bounds: Bounds): Type.TString =>
  Type.String(bounded(description, bounds));

/** A duration, or a number of seconds. */
export type Span = string | number;

export const span = (description: string, bounds: Bounds, byDefault?: string): Type.TUnsafe<Span> =>
  Type.Unsafe<Span>({
    'x-kubernetes-int-or-string': true,
    ...bounded(description, bounds),
    ...(byDefault === undefined ? {} : { default: byDefault }),
  });
