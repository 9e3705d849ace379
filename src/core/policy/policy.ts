/** A parsed policy, with every default filled in and every unit resolved. Only `parsePolicy` creates one. */
import type { judgeNames, telemetryNames } from '../../schema/policy.ts';
import type { Milliseconds } from '../../values/time.ts';
import type { ProviderName } from '../../schema/providers.ts';
import type { Strategy } from './strategy.ts';

export type NoData = 'hold' | 'fail' | 'pass';

/** The name of a judge. */
export type JudgeKind = (typeof judgeNames)[number];

type Bounds = {
  readonly name: string;
  readonly min?: number;
  readonly max?: number;
  readonly noData: NoData;
  /** Absent in records of older versions, which had only `threshold`. */
  readonly judge?: JudgeKind;
};

/**
 * The least number of canary requests needed to judge a check. Absent in records of older versions, where any number is
 * enough.
 */
type Requests = { readonly minRequests?: number };

/** What to measure and its bounds. `success-rate` is in percent, `duration` in milliseconds, `query` in its own unit. */
export type Check =
  | (Bounds & Requests & { readonly kind: 'success-rate' })
  | (Bounds & Requests & { readonly kind: 'duration'; readonly quantile: number })
  | (Bounds & { readonly kind: 'query'; readonly query: string });

export type Telemetry = (typeof telemetryNames)[number];

export type Policy = {
  readonly strategy: Strategy;
  readonly provider: 'auto' | ProviderName;
  readonly service?: string;
  readonly interval: Milliseconds;
  /** Number of failed rounds at which the release fails. */
  readonly threshold: number;
  readonly checks: readonly Check[];
  readonly telemetry: 'auto' | Telemetry;
  readonly prometheus?: string;
  readonly onFailure: 'hold' | 'revert';
  readonly approval: 'none' | 'required';
  readonly progressDeadline: Milliseconds;
  readonly propagationDelay: Milliseconds;
  readonly rollback: 'fast' | 'canary';
  readonly restart: 'canary' | 'native';
};
