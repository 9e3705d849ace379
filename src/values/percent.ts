declare const brand: unique symbol;
/** A whole number from 0 to 100: the canary's share of the traffic. */
export type Percent = number & { readonly [brand]: 'Percent' };

export const isPercent = (n: number): n is Percent => Number.isInteger(n) && n >= 0 && n <= 100;

/** Throws RangeError: a value out of range is our bug, since users' input goes through the policy parser. */
export const percent = (n: number): Percent => {
  if (!isPercent(n)) throw new RangeError(`${n} is not a whole percentage from 0 to 100`);
  return n;
};
