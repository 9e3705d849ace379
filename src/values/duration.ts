import type { Milliseconds } from './time.ts';

const units: Readonly<Record<string, Milliseconds>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration such as `30s`. Throws RangeError on any other text: a policy's have passed its schema. */
export const parseDuration = (text: string): Milliseconds => {
  const unit = text.replace(/^[0-9]+/, '');
  const factor = units[unit];
  const count = Number.parseInt(text, 10);
  if (factor === undefined || Number.isNaN(count)) throw new RangeError(`"${text}" is not a duration`);
  return count * factor;
};
