/** request-duration: a quantile of how long requests took, in milliseconds. */
import { counted, figure } from './figure.ts';
import { quantileOf, sumHistograms, type Histogram } from './histogram.ts';
import { increments, type Increment } from './increments.ts';
import { whyNoRequests, type Reading } from './reading.ts';
import type { Series } from './series.ts';
import { telemetries } from './telemetry.ts';
import type { Measurement } from './verdict.ts';

/** Bucket increments of the users' requests. */
export const bucketIncrements = (series: readonly Series[], measured: Measurement): readonly Increment[] =>
  increments(series, measured).filter(({ labels }) => telemetries[measured.telemetry].meaning(labels) !== 'skip');

/** `p99`, `p99.9`. */
const quantileName = (q: number): string => `p${String(Number((q * 100).toPrecision(10)))}`;

const ofStable = (measured: Measurement, q: number): string => {
  const histogram = sumHistograms(bucketIncrements(measured.stable, measured));
  const found = histogram === 'incomplete' ? undefined : quantileOf(histogram, q);
  if (histogram === 'incomplete' || found === undefined) return 'stable got no request';
  const millis = found.value * telemetries[measured.telemetry].millisPerUnit;
  return `stable ${quantileName(q)} ${found.beyond ? '>= ' : ''}${figure(millis)} ms (${counted(histogram.total, 'request')})`;
};

const incomplete: Reading = {
  kind: 'unclear',
  because: 'the canary\'s histogram has no bucket le="+Inf", so nobody can tell how many requests it counts',
};

const valueOf = (histogram: Histogram, measured: Measurement, q: number): Reading => {
  const found = quantileOf(histogram, q);
  if (found === undefined)
    return { kind: 'unclear', because: "the histograms of the canary's series have no bucket bound in common" };
  return {
    kind: 'value',
    value: found.value * telemetries[measured.telemetry].millisPerUnit,
    beyond: found.beyond,
    prefix: `${quantileName(q)} `,
    unit: 'ms',
    basis: `canary ${counted(histogram.total, 'request')}`,
    stable: ofStable(measured, q),
  };
};

/** The quantile `q` (between 0 and 1) of the canary's requests. */
export const readDuration = (measured: Measurement, q: number): Reading => {
  const grown = bucketIncrements(measured.canary, measured);
  const histogram = sumHistograms(grown);
  if (histogram === 'incomplete') return incomplete;
  const nothing = whyNoRequests(measured, grown, histogram.total);
  return nothing === undefined ? valueOf(histogram, measured, q) : { kind: 'no-data', because: nothing };
};
