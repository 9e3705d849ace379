import { expect, test } from '@jest/globals';
import { manualClock } from './clock.ts';

test('timers run in order of time, also those that a timer sets', () => {
  const clock = manualClock(0);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.now()}`));
  clock.after(10, () => {
    seen.push(`a@${clock.now()}`);
    clock.after(5, () => seen.push(`nested@${clock.now()}`));
  });
  clock.advance(30);
  expect(seen).toEqual(['a@10', 'nested@15', 'b@20']);
  expect(clock.now()).toBe(30);
});

test('a cancelled timer does not run, and one that is not due waits', () => {
  const clock = manualClock(0);
  const seen: string[] = [];
  const cancel = clock.after(10, () => seen.push('cancelled'));
  clock.after(40, () => seen.push('later'));
  cancel();
  clock.advance(39);
  expect(seen).toEqual([]);
  expect(clock.waiting()).toEqual([1]);
  clock.advance(1);
  expect(seen).toEqual(['later']);
});

test('advanceAsync lets a promise that a timer started set the next timer', async () => {
  const clock = manualClock(0);
  const seen: number[] = [];
  const loop = async (): Promise<void> => {
    await Promise.resolve();
    seen.push(clock.now());
    if (seen.length < 4) clock.after(10, () => void loop());
  };
  clock.after(10, () => void loop());
  await clock.advanceAsync(100);
  expect(seen).toEqual([10, 20, 30, 40]);
});
