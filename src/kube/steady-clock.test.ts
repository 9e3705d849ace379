import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { manualClock, unsettable, type ManualClock } from '../ports/clock.ts';
import { nextReading, steadyClock, type SteadyClock } from './steady-clock.ts';

const minutes = 60_000;
let time: ManualClock;
let jumped = 0;
let steady: SteadyClock;

const answer = (ahead: number): void => steady.heard(new Date(time.now() + ahead).toUTCString(), base.now());
let base: ReturnType<typeof unsettable>;

/** A process that starts while this machine's clock is so far ahead. */
const begin = (ahead = 0): void => {
  jumped = ahead;
  const machine = { now: () => time.now() + jumped, after: (delay: number, run: () => void) => time.after(delay, run) };
  base = unsettable(machine, () => time.now());
  steady = steadyClock(base);
};

beforeEach(() => {
  time = manualClock();
  begin();
});

describe('D10: the clock that releases go by', () => {
  it.each([10, -10])("does not notice that this machine's clock is set by %s minutes", (by) => {
    answer(0);
    jumped = by * minutes;
    time.advance(5000);
    answer(0);
    expect(steady.now()).toBe(time.now());
  });

  it.each([10, -10])(
    "is the API server's from the start, or a little late, where this machine's is %s minutes ahead",
    (by) => {
      begin(by * minutes);
      answer(0);
      expect(time.now() - steady.now()).toBeGreaterThan(0);
      expect(time.now() - steady.now()).toBeLessThanOrEqual(3000);
      time.advance(minutes);
      expect(Math.abs(time.now() - steady.now())).toBeLessThanOrEqual(1000);
    },
  );

  it.each([10, -10])("follows the API server's clock slowly, where that one is set by %s minutes", (by) => {
    answer(0);
    answer(by * minutes);
    const before = steady.now();
    time.advance(10_000);
    expect(steady.now() - before).toBe(by > 0 ? 11_000 : 9000);
    time.advance(200 * minutes);
    expect(Math.abs(steady.now() - time.now() - by * minutes)).toBeLessThanOrEqual(1000);
  });

  it('goes by what several API servers that disagree say at a tenth of the speed of time at most', () => {
    answer(0);
    const before = [time.now(), steady.now()];
    for (let i = 0; i < 60; i += 1) {
      answer(i % 2 === 0 ? 5 * minutes : -5 * minutes);
      time.advance(1000);
    }
    expect(Math.abs(steady.now() - (before[1] ?? 0) - 60_000)).toBeLessThanOrEqual(6000);
  });

  it('never goes back', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: -1e7, max: 1e7 }))), (steps) => {
        let reading = { below: 0, shown: 0 };
        for (const [passed, ahead] of steps) {
          const next = nextReading(reading, reading.below + passed, ahead);
          expect(next.shown).toBeGreaterThanOrEqual(reading.shown + passed * 0.9 - 1e-3);
          expect(next.shown).toBeLessThanOrEqual(reading.shown + passed * 1.1 + 1e-3);
          reading = next;
        }
      }),
    ));
});
