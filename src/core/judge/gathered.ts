/**
 * Accumulates counts over rounds that had too few requests to judge, so that a step with little traffic takes long but not
 * for ever.
 */
import type { Json } from '../../values/kube-object.ts';
import type { RequestCounts } from './arm-requests.ts';
import { mergeHistograms, type Histogram } from './histogram.ts';
import type { Evidence } from './verdict.ts';

/** A count, and the number of rounds that it covers. */
export type Gathered<T> = { readonly rounds: number; readonly of: T };

const isCount = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isCounts = (value: Json | undefined): value is readonly number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isFinite(one));

/** Adds the requests of earlier rounds. Evidence that cannot be read is ignored. */
export const gatherCounts = (now: RequestCounts, past: Evidence | undefined): Gathered<RequestCounts> => {
  const { rounds, requests, failed } = past ?? {};
  if (!isCount(rounds) || !isCount(requests) || !isCount(failed)) return { rounds: 1, of: now };
  const of = { requests: now.requests + requests, failed: now.failed + failed, unknown: now.unknown };
  return { rounds: rounds + 1, of };
};

export const countsEvidence = ({ rounds, of }: Gathered<RequestCounts>): Evidence => ({
  rounds,
  requests: of.requests,
  failed: of.failed,
});

/** Adds the requests of earlier rounds, at the bucket bounds common to all rounds. */
export const gatherHistogram = (now: Histogram, past: Evidence | undefined): Gathered<Histogram> => {
  const { rounds, bounds, below, total } = past ?? {};
  if (!isCount(rounds) || !isCounts(bounds) || !isCounts(below) || !isCount(total) || bounds.length !== below.length)
    return { rounds: 1, of: now };
  return { rounds: rounds + 1, of: mergeHistograms(now, { bounds, below, total }) };
};

export const histogramEvidence = ({ rounds, of }: Gathered<Histogram>): Evidence => ({
  rounds,
  bounds: [...of.bounds],
  below: [...of.below],
  total: of.total,
});

/** `canary 4 of at least 20 requests` */
export const canaryCount = (counted: string, least: number, isEnough: boolean): string =>
  isEnough ? `canary ${counted}` : `canary ${counted.replace(/ requests?$/, '')} of at least ${least} requests`;

/** `, in 3 rounds` */
export const inRounds = (rounds: number): string => (rounds === 1 ? '' : `, in ${rounds} rounds`);
