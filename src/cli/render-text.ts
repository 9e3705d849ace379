/** Small pieces of text that all views share. */
import type { Milliseconds } from '../values/time.ts';

const gap = '   ';

/** Rows as aligned columns. The last cell of a row is as long as it is and moves no other; no line ends in blanks. */
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

/** From this age on a unit stands alone; below, it is joined by the next smaller one. As kubectl prints ages. */
const units = [
  { name: 'd', seconds: 86_400, alone: 8 * 86_400 },
  { name: 'h', seconds: 3600, alone: 8 * 3600 },
  { name: 'm', seconds: 60, alone: 600 },
  { name: 's', seconds: 1, alone: 0 },
] as const;
const leastOfUnit = { d: 2 * 86_400, h: 3 * 3600, m: 120, s: 0 } as const;

/** `45s`, `3m20s`, `34m`, `5h10m`, `12h`, `3d4h`. A time in the future is 0s: clocks differ a little. */
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

/** `30s`, `1m30s`, `2h`: a span as people write it in a policy, exact to the millisecond. */
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

/** A line cut to the width of the window, so that it takes one row. */
export const clip = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;

/** A verdict's reason as a sentence that names the check, once: most reasons begin with its name. */
export const verdictText = ({ name, because }: { readonly name: string; readonly because: string }): string =>
  because.startsWith(`${name} `) ? because : `${name}: ${because}`;
