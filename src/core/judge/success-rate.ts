/** request-success-rate: the percentage of requests that did not fail. */
import { requestCounts, type RequestCounts } from './arm-requests.ts';
import { count, counted, figure } from './figure.ts';
import { canaryCount, countsEvidence, gatherCounts, inRounds, type Gathered } from './gathered.ts';
import { increments } from './increments.ts';
import { whyNoRequests, whyUnknown, type Asked, type Reading, type Value } from './reading.ts';
import type { Measurement } from './verdict.ts';

/** The success rate in percent, 0 to 100. `requests` must be greater than zero. */
const percentOf = ({ requests, failed }: RequestCounts): number => (100 * (requests - failed)) / requests;

const ofStable = (stable: RequestCounts): string =>
  stable.requests > 0
    ? `stable ${figure(percentOf(stable), [100])} % (${counted(stable.requests, 'request')})`
    : 'stable got no request';

const basis = ({ rounds, of }: Gathered<RequestCounts>, least: number): string => {
  const requests = canaryCount(counted(of.requests, 'request'), least, of.requests >= least);
  return `${requests}, ${count(of.failed)} failed${inRounds(rounds)}`;
};

const tooFew = (gathered: Gathered<RequestCounts>, least: number): Pick<Value, 'few'> => {
  if (gathered.of.requests >= least) return {};
  const atBest = { value: percentOf({ ...gathered.of, requests: least }) };
  return { few: { atBest, evidence: countsEvidence(gathered) } };
};

export const readSuccessRate = (measured: Measurement, { least, past }: Asked): Reading => {
  const grown = increments(measured.canary, measured);
  const canary = requestCounts(grown, measured);
  const nothing = whyNoRequests(measured, grown, canary.requests);
  if (nothing !== undefined) return { kind: 'no-data', because: nothing };
  if (canary.unknown > 0)
    return {
      kind: 'unclear',
      because: whyUnknown(measured, grown, canary.unknown),
    };
  const gathered = gatherCounts(canary, past);
  return {
    kind: 'value',
    value: percentOf(gathered.of),
    unit: '%',
    basis: basis(gathered, least),
    stable: ofStable(requestCounts(increments(measured.stable, measured), measured)),
    ...tooFew(gathered, least),
  };
};
