/**
 * Tests for a sample ratio mismatch: whether the requests of each arm fit the wanted weight. Uses the multinomial e-process
 * of Lindon and Malek, which is valid when evaluated after every round.
 */

/** Requests of both arms while the canary's weight was `weight` percent. */
export type ServedAt = { readonly weight: number; readonly canary: number; readonly stable: number };

/** Strength of the prior belief in the weight, as a number of requests. */
const prior = 100;
/** Evidence of 1000 : 1 against the weight. */
const proof = Math.log(1000);

const lanczosBase = 0.99999999999980993;
const lanczos: readonly number[] = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The logarithm of the gamma function, for x > 0. */
export const logGamma = (x: number): number => {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const sum = lanczos.reduce((total, coefficient, i) => total + coefficient / (x + i), lanczosBase);
  const t = x + lanczos.length - 1.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
};

export const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/** Kept away from 0 and 1, where no test is possible: even at 100 percent a few requests may still reach stable. */
const shareOf = (weight: number): number => Math.min(0.999, Math.max(0.001, weight / 100));

const evidenceOfStep = ({ weight, canary, stable }: ServedAt): number => {
  const w = shareOf(weight);
  const [a, b] = [prior * w, prior * (1 - w)];
  return logBeta(a + canary, b + stable) - logBeta(a, b) - canary * Math.log(w) - stable * Math.log1p(-w);
};

/** The log evidence that the requests of all steps do not follow their weights. */
export const ratioEvidence = (steps: readonly ServedAt[]): number =>
  steps.reduce((sum, step) => sum + evidenceOfStep(step), 0);

/** Whether there are so many requests that, with a working split, the chance of all going to stable is below 1 in 1000. */
const isMany = (requests: number, weight: number): boolean => -requests * Math.log1p(-shareOf(weight)) >= proof;

const isFar = ({ weight, canary, stable }: ServedAt): boolean => {
  const w = weight / 100;
  return Math.abs(canary / (canary + stable) - w) > Math.max(0.02, 0.25 * w);
};

/**
 * `ratio` requires the share to be near the weight. `none` only detects a canary without any requests; it is used where
 * shares may legitimately differ from the weight, for example through long-lived connections in a split by pods.
 */
export type SplitRule = 'ratio' | 'none';

/**
 * `unseen` means that the requests do not follow the weight, `unknown` that there are too few requests to tell, none of
 * them to the canary.
 */
export type SplitSeen = 'seen' | 'unseen' | 'unknown';

/** Judges the split of the current step from the requests of all steps so far. */
export const splitSeen = (earlier: readonly ServedAt[], step: ServedAt, rule: SplitRule): SplitSeen => {
  if (step.weight === 0 || step.canary + step.stable === 0) return 'seen';
  if (step.canary === 0) return isMany(step.stable, step.weight) ? 'unseen' : 'unknown';
  return rule === 'ratio' && isFar(step) && ratioEvidence([...earlier, step]) > proof ? 'unseen' : 'seen';
};

/** Whether there are enough requests to detect a missing split. */
export const isEnoughToTell = ({ weight, canary, stable }: ServedAt): boolean => isMany(canary + stable, weight);
