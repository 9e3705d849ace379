/** Failed requests with Sluice and natively, as a run with SLUICE_MEASURE=1 has written them down. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measured } from './page.ts';

const file = join(import.meta.dirname, 'measured.json');

/** By the id of the case. */
export const measured = (): Readonly<Record<string, Measured>> =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Measured>) : {};

/** Writes one down, where it is asked for: numbers differ from run to run, and a test must not change the tree. */
export const keepMeasured = (id: string, numbers: Measured): void => {
  if (process.env['SLUICE_MEASURE'] !== '1') return;
  const all = Object.entries({ ...measured(), [id]: numbers }).sort(([a], [b]) => a.localeCompare(b));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
};
