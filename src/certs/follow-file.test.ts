import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { waitUntil } from '../../test/cluster/wait-until.ts';
import { manualClock, type ManualClock } from '../ports/clock.ts';
import { followFile, type FollowedFile } from './follow-file.ts';

let folder: string;
let path: string;
let clock: ManualClock;
let texts: string[];
let errors: unknown[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-follow-'));
  path = join(folder, 'ca.crt');
  writeFileSync(path, 'one');
  clock = manualClock();
  [texts, errors] = [[], []];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const follow = (): Promise<FollowedFile> =>
  followFile(path, clock, { changed: (text) => texts.push(text), failed: (error) => errors.push(error) });
/** Runs the next read to its end, which schedules another. */
const look = async (): Promise<void> => {
  clock.advance(60_000);
  await waitUntil('the look', () => clock.waiting().length === 1);
};

it('tells what a file says at first and each time it says something else', async () => {
  const file = await follow();
  expect(file.text).toBe('one');
  await look();
  expect(texts).toEqual([]);
  writeFileSync(path, 'two');
  await look();
  await look();
  expect(texts).toEqual(['two']);
  rmSync(path);
  await look();
  expect([texts.length, errors.length]).toEqual([1, 1]);
  writeFileSync(path, 'three');
  await look();
  expect(texts).toEqual(['two', 'three']);
  file.stop();
  expect(clock.waiting()).toEqual([]);
});

it('says that there is none', async () => {
  rmSync(path);
  await expect(follow()).rejects.toMatchObject({ code: 'ENOENT' });
});
