import { beforeEach, describe, expect, it } from '@jest/globals';
import { manualClock, type ManualClock } from './clock.ts';
import { serverClock, type ServerClock } from './server-clock.ts';

const day = 86_400_000;
let local: ManualClock;
let clock: ServerClock;
let told: number[];

/** A response that took this long, from a server whose clock is behind this machine's by `skew`. */
const answer = (skew: number, took = 20): void => {
  const asked = local.now();
  local.advance(took);
  clock.heard(new Date(asked + took / 2 - skew).toUTCString(), asked);
};

beforeEach(() => {
  local = manualClock();
  told = [];
  clock = serverClock(local, (skew) => told.push(skew));
});

describe("the API server's clock", () => {
  it("is this machine's as long as nothing else is known", () => expect(clock.now()).toBe(local.now()));

  it.each([0, 400, -400, 900])('is taken to be the same where it is %s ms away', (skew) => {
    answer(skew);
    expect([clock.skew, told]).toEqual([0, []]);
  });

  it.each([5000, -5000, 400 * day, -4000 * day])('is known to a second where it is %s ms away', (skew) => {
    answer(skew);
    expect(Math.abs(clock.skew - skew)).toBeLessThan(1100);
    expect(told).toEqual([clock.skew]);
  });

  it('does not flicker from answer to answer', () => {
    for (let i = 0; i < 50; i += 1) {
      local.advance(137);
      answer(60_000, i);
    }
    expect(told).toHaveLength(1);
  });

  it('is not lost in an answer that took long', () => {
    answer(60_000);
    const known = clock.skew;
    answer(60_000, 20_000);
    expect(clock.skew).toBe(known);
  });

  it("follows this machine's clock being set right", () => {
    answer(day);
    answer(0);
    expect([clock.skew, told.length]).toEqual([0, 2]);
  });

  it.each([undefined, '', 'yesterday'])('learns nothing from the header %s', (date) => {
    clock.heard(date, local.now());
    expect(told).toEqual([]);
  });

  it('learns nothing from an answer during which the clock was set back', () => {
    clock.heard(new Date(local.now()).toUTCString(), local.now() + day);
    expect(told).toEqual([]);
  });

  it('waits as long as asked', () => {
    answer(day);
    clock.after(1000, () => told.push(42));
    local.advance(1000);
    expect(told.at(-1)).toBe(42);
  });
});
