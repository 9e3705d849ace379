/** Text helpers for all views. */
import type { Milliseconds } from '../values/time.ts';

const gap = '   ';

/**
 * Aligns rows in columns. The last cell of a row does not count for the column's width; trailing blanks are removed.
 */
export const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths: number[] = [];
  for (const row of rows)
    row.slice(0, -1).forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
};

/**
 * Formats as kubectl does. From `alone` seconds on, a unit appears alone; below that, together with the next smaller
 * one.
 */
const units = [
  { name: 'd', seconds: 86_400, alone: 8 * 86_400 },
  { name: 'h', seconds: 3600, alone: 8 * 3600 },
  { name: 'm', seconds: 60, alone: 600 },
  { name: 's', seconds: 1, alone: 0 },
] as const;
const leastOfUnit = { d: 2 * 86_400, h: 3 * 3600, m: 120, s: 0 } as const;

/** `45s`, `3m20s`, `34m`, `5h10m`, `12h`, `3d4h`. Times in the future, due to clock skew, count as 0s. */
export const age = (time: Milliseconds): string => {
  const seconds = Math.max(0, Math.floor(time / 1000));
  const index = units.findIndex(({ name }) => seconds >= leastOfUnit[name]);
  const unit = units[index] ?? units[3];
  const next = units[index + 1];
  const whole = `${Math.floor(seconds / unit.seconds)}${unit.name}`;
  if (next === undefined || seconds >= unit.alone) return whole;
  const rest = Math.floor((seconds % unit.seconds) / next.seconds);
  return rest === 0 ? whole : `${whole}${rest}${next.name}`;
};

/** `30s`, `1m30s`, `2h`: a duration in a policy's format, exact to the millisecond. */
export const span = (time: Milliseconds): string => {
  const parts = [
    [Math.floor(time / 3_600_000), 'h'],
    [Math.floor(time / 60_000) % 60, 'm'],
    [Math.floor(time / 1000) % 60, 's'],
    [time % 1000, 'ms'],
  ] as const;
  const text = parts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('');
  return text === '' ? '0s' : text;
};

/** Cuts a line to the window's width, so that it does not wrap. */
export const clip = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;

/** A verdict's reason as a sentence with the check's name, which most reasons already start with. */
export const verdictText = ({ name, because }: { readonly name: string; readonly because: string }): string =>
  because.startsWith(`${name} `) ? because : `${name}: ${because}`;
