/** Integer arithmetic of a split: how many of the existing weight units go to the canary, and from which destinations. */
import type { Percent } from '../values/percent.ts';

/** Weights of the stable and canary part of each destination: `stable[i] + canary[i]` is its former weight. */
export type SplitWeights = { readonly stable: readonly number[]; readonly canary: readonly number[] };

/**
 * The canary's units of `total`, rounded to the nearest whole number. With a total of at least 100, 1 % is at least one
 * unit. Below 100 %, stable keeps at least one unit: rounding must never take all traffic away from pods that are known to
 * be good.
 */
export const canaryUnits = (total: number, share: Percent): number => {
  if (share === 100) return total;
  return Math.min(Math.round((total * share) / 100), Math.max(0, total - 1));
};

/**
 * Splits every destination of a rule so that together they give the canary `share` percent of their weight. Units are
 * distributed by largest remainder; of equal remainders, the earlier destination comes first. Weights are whole numbers
 * from 0; products use BigInt because a weight may be any 32-bit integer.
 */
export const splitWeights = (weights: readonly number[], share: Percent): SplitWeights => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const units = canaryUnits(total, share);
  if (units === 0) return { stable: weights, canary: weights.map(() => 0) };
  const parts = weights.map((weight, index) => part(weight, units, total, index));
  const missing = units - parts.reduce((sum, { whole }) => sum + whole, 0);
  const rounded = new Set(
    [...parts]
      .sort((a, b) => b.rest - a.rest || a.index - b.index)
      .slice(0, missing)
      .map(({ index }) => index),
  );
  const canary = parts.map(({ whole, index }) => whole + (rounded.has(index) ? 1 : 0));
  return { stable: weights.map((weight, index) => weight - (canary[index] ?? 0)), canary };
};

const part = (
  weight: number,
  units: number,
  total: number,
  index: number,
): { readonly whole: number; readonly rest: number; readonly index: number } => {
  const product = BigInt(weight) * BigInt(units);
  return { whole: Number(product / BigInt(total)), rest: Number(product % BigInt(total)), index };
};
