/**
 * Sample ratio: whether the requests that each arm has got fit the weight that was asked for. The multinomial test of
 * Lindon and Malek, an e-process: it may be looked at after every round.
 */

/** Requests of both arms while the canary was to have `weight` percent of them. */
export type ServedAt = { readonly weight: number; readonly canary: number; readonly stable: number };

/** How firmly the test believes in the weight before it has seen anything, in requests. */
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

/** Neither 0 nor 1, where no test is possible: of 100 percent a few requests may still be on their way to stable. */
const shareOf = (weight: number): number => Math.min(0.999, Math.max(0.001, weight / 100));

const evidenceOfStep = ({ weight, canary, stable }: ServedAt): number => {
  const w = shareOf(weight);
  const [a, b] = [prior * w, prior * (1 - w)];
  return logBeta(a + canary, b + stable) - logBeta(a, b) - canary * Math.log(w) - stable * Math.log1p(-w);
};

/** The logarithm of the evidence that the requests of all steps do not follow their weights. */
export const ratioEvidence = (steps: readonly ServedAt[]): number =>
  steps.reduce((sum, step) => sum + evidenceOfStep(step), 0);

/** Whether so many requests would hardly (1 in 1000) all go to stable if the canary had its share. */
const isMany = (requests: number, weight: number): boolean => -requests * Math.log1p(-shareOf(weight)) >= proof;

const isFar = ({ weight, canary, stable }: ServedAt): boolean => {
  const w = weight / 100;
  return Math.abs(canary / (canary + stable) - w) > Math.max(0.02, 0.25 * w);
};

/**
 * `ratio`: the share has to be near the weight. `none`: only a canary that gets nothing is noticed, where the shares differ
 * for good reasons: by the number of pods, for example, connections that live long keep them apart.
 */
export type SplitRule = 'ratio' | 'none';

/** `unseen`: the requests do not follow the weight. `unknown`: too few to tell, and none of them the canary's. */
export type SplitSeen = 'seen' | 'unseen' | 'unknown';

/** What the requests of the steps so far say about the last one's split. */
export const splitSeen = (earlier: readonly ServedAt[], step: ServedAt, rule: SplitRule): SplitSeen => {
  if (step.weight === 0 || step.canary + step.stable === 0) return 'seen';
  if (step.canary === 0) return isMany(step.stable, step.weight) ? 'unseen' : 'unknown';
  return rule === 'ratio' && isFar(step) && ratioEvidence([...earlier, step]) > proof ? 'unseen' : 'seen';
};

/** Whether a split that was not seen would be noticed again by now. */
export const isEnoughToTell = ({ weight, canary, stable }: ServedAt): boolean => isMany(canary + stable, weight);
