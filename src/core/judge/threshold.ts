/** The default judge: compares one value of the canary with a minimum and a maximum, both inclusive. */
import type { Check } from '../policy/policy.ts';
import { readDuration } from './duration.ts';
import { figure } from './figure.ts';
import { readValue, type Reading, type Value } from './reading.ts';
import { readSuccessRate } from './success-rate.ts';
import type { Evidence, Judge, Measurement, Verdict } from './verdict.ts';

type Side = 'minimum' | 'maximum';

const read = (check: Check, measured: Measurement, past: Evidence | undefined): Reading => {
  switch (check.kind) {
    case 'success-rate':
      return readSuccessRate(measured, { least: check.minRequests ?? 0, past });
    case 'duration':
      return readDuration(measured, check.quantile, { least: check.minRequests ?? 0, past });
    case 'query':
      return readValue(measured.canary);
  }
};

/** The bound that the value certainly violates. A value beyond the last bucket is greater than its known part. */
const broken = ({ min, max }: Check, { value, beyond = false }: Pick<Value, 'value' | 'beyond'>): Side | undefined => {
  if (max !== undefined && (value > max || (beyond && value >= max))) return 'maximum';
  return min !== undefined && value < min && !beyond ? 'minimum' : undefined;
};

/** The bound for which it is unknown whether the value violates it. */
const undecided = ({ min, max }: Check, { value, beyond = false }: Value): Side | undefined => {
  if (!beyond) return undefined;
  if (max !== undefined) return 'maximum';
  return min !== undefined && value < min ? 'minimum' : undefined;
};

const withUnit = (text: string, unit: string | undefined): string => (unit === undefined ? text : `${text} ${unit}`);

const bound = (check: Check, side: Side, unit: string | undefined): string =>
  `the ${side} ${withUnit(String(side === 'minimum' ? check.min : check.max), unit)}`;

const bounds = (check: Check, unit: string | undefined): string =>
  (['minimum', 'maximum'] as const)
    .filter((side) => (side === 'minimum' ? check.min : check.max) !== undefined)
    .map((side) => bound(check, side, unit))
    .join(' and ');

/** `request-success-rate 71.2 % (canary 412 requests, 119 failed)` */
const subject = (check: Check, { value, beyond, prefix = '', unit, basis }: Value): string => {
  const unlike = [check.min, check.max, ...(unit === '%' ? [100] : [])].filter((n) => n !== undefined);
  const shown = withUnit(`${beyond === true ? '>= ' : ''}${figure(value, unlike)}`, unit);
  return `${check.name} ${prefix}${shown}${basis === undefined ? '' : ` (${basis})`}`;
};

/** With too few requests, a bound counts as violated only if no further requests could change that. */
const surelyBroken = (check: Check, reading: Value): Side | undefined => {
  const side = broken(check, reading);
  return reading.few === undefined || side === broken(check, reading.few.atBest) ? side : undefined;
};

const judgeValue = (check: Check, reading: Value): Pick<Verdict, 'call' | 'reason' | 'because' | 'evidence'> => {
  const side = surelyBroken(check, reading);
  const doubt = undecided(check, reading);
  const what = subject(check, reading);
  const tail = reading.stable === undefined ? '' : `; ${reading.stable}`;
  if (side !== undefined) {
    const where = side === 'minimum' ? 'below' : 'above';
    return {
      call: 'fail',
      reason: 'out-of-bounds',
      because: `${what} is ${where} ${bound(check, side, reading.unit)}${tail}`,
    };
  }
  if (reading.few !== undefined) {
    const because = `${what} has too few requests to be judged${tail}`;
    return { call: 'inconclusive', reason: 'too-few', because, evidence: reading.few.evidence };
  }
  if (doubt !== undefined) {
    const because = `${what} is beyond the histogram's last bucket, so nobody can tell on which side of ${bound(check, doubt, reading.unit)} it is: add buckets up to there${tail}`;
    return { call: 'inconclusive', reason: 'unclear', because };
  }
  return { call: 'pass', reason: 'within-bounds', because: `${what} meets ${bounds(check, reading.unit)}${tail}` };
};

const noted = (because: string, { notes }: Measurement): string =>
  notes.length === 0 ? because : `${because} (the source says: ${notes.join('; ')})`;

/** Keeps the counts of earlier rounds until they are judged. */
const keptEvidence = (past: Evidence | undefined): Pick<Verdict, 'evidence'> =>
  past === undefined ? {} : { evidence: past };

/** Judges each window on its own, or together with earlier windows that had too few requests, which are kept as evidence. */
export const threshold: Judge = (check, measured, past) => {
  const reading = read(check, measured, past);
  if (reading.kind === 'value') {
    const verdict = judgeValue(check, reading);
    return { ...verdict, because: noted(verdict.because, measured), value: reading.value, queries: measured.queries };
  }
  const what = reading.kind === 'no-data' ? 'has no data' : 'cannot be judged';
  return {
    call: 'inconclusive',
    reason: reading.kind,
    because: noted(`${check.name} ${what}: ${reading.because}`, measured),
    queries: measured.queries,
    ...keptEvidence(past),
  };
};
