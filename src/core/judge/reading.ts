/** The value of a check's measurement, before it is compared with bounds. */
import { isSeenIn } from './arm-requests.ts';
import { counted } from './figure.ts';
import type { Increment } from './increments.ts';
import { statusLabels } from './meaning.ts';
import type { Series } from './series.ts';
import { telemetries } from './telemetry.ts';
import type { Evidence, Measurement } from './verdict.ts';

export type Reading =
  | {
      readonly kind: 'value';
      /** Finite. */
      readonly value: number;
      /** The true value is greater than `value` by an unknown amount. */
      readonly beyond?: boolean;
      /** Text in front of the value: `p99 `. */
      readonly prefix?: string;
      readonly unit?: string;
      /** The basis of the value for the message: `canary 412 requests, 119 failed`. */
      readonly basis?: string;
      /** The same measurement of stable, for the message. */
      readonly stable?: string;
      /** Set if the value is based on too few requests. */
      readonly few?: {
        /** The value if all missing requests succeeded. If even this is out of bounds, the check fails. */
        readonly atBest: Pick<Value, 'value' | 'beyond'>;
        /** Evidence for the next round. */
        readonly evidence: Evidence;
      };
    }
  /** The source answered, but there is nothing to judge. */
  | { readonly kind: 'no-data'; readonly because: string }
  /** There is data, but it does not answer the question. */
  | { readonly kind: 'unclear'; readonly because: string };

export type Value = Extract<Reading, { readonly kind: 'value' }>;

/** Parameters of a reading, besides the measurement. */
export type Asked = {
  /** The least number of canary requests needed for a verdict. */
  readonly least: number;
  /** Evidence of earlier rounds with too few requests. */
  readonly past: Evidence | undefined;
};

/** Why a counter-based check has no request of the canary to judge; undefined when it has some. */
export const whyNoRequests = (
  measured: Measurement,
  grown: readonly Increment[],
  requests: number,
): string | undefined => {
  if (requests > 0) return undefined;
  const { canary, stable, sought } = measured;
  if (canary.length === 0 && stable.length === 0)
    return `no series of either arm matched${sought === undefined ? '' : `: there is no ${sought}`}. ${telemetries[measured.telemetry].needs}`;
  if (canary.length === 0)
    return `stable has ${stable.length} series, the canary none: it has not been asked anything yet, or is not scraped`;
  if (!isSeenIn(canary, measured))
    return `the canary's series have no point in this window: its pods are gone, or no longer scraped`;
  if (grown.length === 0) return `the canary's counters were not seen twice, so nobody can tell how much they grew`;
  return `the canary got no request in this window${besides(measured, grown)}`;
};

const besides = ({ telemetry, probes }: Measurement, grown: readonly Increment[]): string => {
  const { meaning } = telemetries[telemetry];
  const isOnlyProbes = grown.some(({ labels, by }) => by > 0 && meaning(labels, probes) === 'skip');
  return isOnlyProbes ? ' besides probes and scrapes' : '';
};

/** Why the outcome of requests is unknown. Label values are not quoted: they may come from an address that a policy names. */
export const whyUnknown = (measured: Measurement, grown: readonly Increment[], unknown: number): string => {
  const { meaning, needs } = telemetries[measured.telemetry];
  const { labels = {} } = grown.find((one) => one.by > 0 && meaning(one.labels, measured.probes) === 'unknown') ?? {};
  const words = statusLabels.filter((name) => (labels[name] ?? '') !== '');
  const requests = `${counted(unknown, 'request')} of the canary`;
  return words.length === 0
    ? `${requests} carry no label that says whether they failed. ${needs}`
    : `${requests} do not say whether they failed: ${words.map((name) => `\`${name}\``).join(' and ')} must hold an HTTP status (100 to 599, or 5xx), and no word`;
};

/** The one finite number of a `query` check. */
export const readValue = (series: readonly Series[]): Reading => {
  if (series.length > 1)
    return {
      kind: 'unclear',
      because: `the query gives ${series.length} series and a check needs one: aggregate, for example with sum(…)`,
    };
  const value = series[0]?.points.at(-1)?.[1];
  if (value === undefined) return { kind: 'no-data', because: `the query gives no series` };
  if (!Number.isFinite(value))
    return {
      kind: 'no-data',
      because: `the query gives ${String(value)}, as a division by zero requests does`,
    };
  return { kind: 'value', value };
};
