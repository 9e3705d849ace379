import type { Milliseconds } from './time.ts';

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const satisfies Readonly<Record<string, Milliseconds>>;

/**
 * Milliseconds of a duration such as `30s`, or of a number of seconds. Throws RangeError on other text; the schema has
 * already validated a policy's.
 */
export const parseDuration = (text: string | number): Milliseconds => {
  if (typeof text === 'number') return text * units.s;
  const unit = text.replace(/^[0-9]+/, '');
  const factor = new Map<string, Milliseconds>(Object.entries(units)).get(unit);
  const count = Number.parseInt(text, 10);
  if (factor === undefined || Number.isNaN(count)) throw new RangeError(`"${text}" is not a duration`);
  return count * factor;
};

/** The duration in the largest unit that divides it; the inverse of `parseDuration`. */
export const durationText = (time: Milliseconds): string => {
  const [unit, factor] = Object.entries(units).find(([, length]) => time > 0 && time % length === 0) ?? ['ms', 1];
  return `${time / factor}${unit}`;
};
