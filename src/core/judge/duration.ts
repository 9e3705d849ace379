/** request-duration: a quantile of how long requests took, in milliseconds. */
import type { Labels } from '../../values/kube-object.ts';
import { counted, figure } from './figure.ts';
import { canaryCount, gatherHistogram, histogramEvidence, inRounds, type Gathered } from './gathered.ts';
import { quantileOf, sumHistograms, withFast, type Histogram, type Quantile } from './histogram.ts';
import { increments, type Increment } from './increments.ts';
import { whyNoRequests, type Asked, type Reading, type Value } from './reading.ts';
import type { Meaning } from './meaning.ts';
import type { Series } from './series.ts';
import { isInMilliseconds } from './request-metrics.ts';
import { telemetries } from './telemetry.ts';
import type { Measurement } from './verdict.ts';

/** Converts buckets in milliseconds to the unit of the telemetry. */
const inUnit = ({ labels, by }: Increment, millisPerUnit: number): Increment => {
  const { le = '' } = labels;
  if (millisPerUnit === 1 || le === '+Inf' || !isInMilliseconds(labels['__name__'])) return { labels, by };
  return { labels: { ...labels, le: String(Number(le) / millisPerUnit) }, by };
};

/** Bucket increments of user requests, with each request counted once. */
export const bucketIncrements = (series: readonly Series[], measured: Measurement): readonly Increment[] => {
  const { meaning, once, millisPerUnit } = telemetries[measured.telemetry];
  const means = (labels: Labels): Meaning => meaning(labels, measured.probes);
  return once(increments(series, measured), means)
    .filter(({ labels }) => means(labels) !== 'skip')
    .map((one) => inUnit(one, millisPerUnit));
};

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

const millisOf = ({ value, beyond }: Quantile, { telemetry }: Measurement): Pick<Value, 'value' | 'beyond'> => ({
  value: value * telemetries[telemetry].millisPerUnit,
  beyond,
});

type Quantified = { readonly measured: Measurement; readonly quantile: number; readonly least: number };

const tooFew = (gathered: Gathered<Histogram>, { measured, quantile, least }: Quantified): Pick<Value, 'few'> => {
  const missing = least - gathered.of.total;
  const best = missing > 0 ? quantileOf(withFast(gathered.of, missing), quantile) : undefined;
  if (best === undefined) return {};
  return { few: { atBest: millisOf(best, measured), evidence: histogramEvidence(gathered) } };
};

const valueOf = (gathered: Gathered<Histogram>, asked: Quantified): Reading => {
  const { measured, quantile, least } = asked;
  const { total } = gathered.of;
  const found = quantileOf(gathered.of, quantile);
  if (found === undefined)
    return { kind: 'unclear', because: "the histograms of the canary's series have no bucket bound in common" };
  return {
    kind: 'value',
    ...millisOf(found, measured),
    prefix: `${quantileName(quantile)} `,
    unit: 'ms',
    basis: `${canaryCount(counted(total, 'request'), least, total >= least)}${inRounds(gathered.rounds)}`,
    stable: ofStable(measured, quantile),
    ...tooFew(gathered, asked),
  };
};

/** The quantile (between 0 and 1) of the canary's requests. */
export const readDuration = (measured: Measurement, quantile: number, { least, past }: Asked): Reading => {
  const grown = bucketIncrements(measured.canary, measured);
  const histogram = sumHistograms(grown);
  if (histogram === 'incomplete') return incomplete;
  const nothing = whyNoRequests(measured, grown, histogram.total);
  if (nothing !== undefined) return { kind: 'no-data', because: nothing };
  return valueOf(gatherHistogram(histogram, past), { measured, quantile, least });
};
