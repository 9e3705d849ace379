import { afterEach, describe, expect, it } from '@jest/globals';
import { HOOK_TIME, type HookTime } from './hook-time.ts';
import { inTime } from './in-time.ts';
import { pause } from './pause.ts';
import { Hopeless, waitUntil } from './wait-until.ts';

const scope = globalThis as { [HOOK_TIME]?: HookTime };
const never = new Promise<never>(() => undefined);
const quick = { withinMs: 30, everyMs: 5 };

/** Simulates a hook with this much time left out of twenty times as much. */
const inHook = (leftMs: number, over: HookTime['over'] = []): HookTime => {
  const totalMs = leftMs * 20;
  const hook = { what: 'beforeAll', totalMs, endsAt: Date.now() + leftMs + totalMs / 10, waiting: new Map(), over };
  scope[HOOK_TIME] = hook;
  return hook;
};
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it came',
    (error: unknown) => (error as Error).message,
  );

// The test environment sets the next test's own time limit.
afterEach(() => {
  Reflect.deleteProperty(scope, HOOK_TIME);
});

describe('a wait for a condition', () => {
  it('ends with the first value that is neither undefined nor false', async () => {
    const values = [undefined, false, 0];
    await expect(waitUntil('a number', () => values.shift(), quick)).resolves.toBe(0);
  });

  const vain: readonly (readonly [string, Parameters<typeof waitUntil>[1], (() => string) | undefined, RegExp])[] = [
    ['names what it was for', () => false, undefined, /^waited 0 s in vain for rain$/],
    ['tells what was seen last', () => undefined, () => 'clouds', /in vain for rain; last seen: clouds$/],
    [
      'tells what the condition threw last',
      () => Promise.reject(new Error('no sky')),
      () => 'clouds',
      /last seen: clouds; no sky$/,
    ],
  ];
  it.each(vain)('%s when it is in vain', async (_, condition, seen, message) => {
    const options = { ...quick, ...(seen === undefined ? {} : { seen }) };
    expect(await messageOf(waitUntil('rain', condition, options))).toMatch(message);
  });

  it('is over when the condition has become hopeless', async () => {
    const ended = (): never => {
      throw new Hopeless('it has ended');
    };
    expect(await messageOf(waitUntil('a sign of life', ended))).toBe('it has ended');
  });

  it('looks once more when its time is up', async () => {
    const [end, looks] = [Date.now() + 60, [] as boolean[]];
    const condition = (): boolean => looks.push(Date.now() >= end) > 0 && Date.now() >= end;
    await waitUntil('the end', condition, { withinMs: 60, everyMs: 1000 });
    expect(looks).toEqual([false, true]);
  });

  it('does not outlast a look that never ends', async () => {
    expect(await messageOf(waitUntil('an answer', () => never, quick))).toMatch(
      /answer; last seen: a look that did not/,
    );
  });
});

describe('a wait for a promise', () => {
  it('has the outcome of what is waited for', async () => {
    await expect(inTime('a word', Promise.resolve('hello'))).resolves.toBe('hello');
    expect(await messageOf(inTime('a word', Promise.reject(new Error('no'))))).toBe('no');
  });

  it('gives up in its own words, and tells the work', async () => {
    const stopped = inTime('the end of it', (signal) => pause(60_000, signal).then(() => never), {
      withinMs: 20,
      seen: () => 'half of it',
    });
    expect(await messageOf(stopped)).toBe('waited 0 s in vain for the end of it; last seen: half of it');
  });
});

describe('a wait in a hook', () => {
  it('is told by the test environment how long that may take', () => {
    const { what, totalMs, endsAt } = scope[HOOK_TIME]!;
    expect({ what, totalMs }).toEqual({
      what: 'test "is told by the test environment how long that may take"',
      totalMs: 4321,
    });
    expect(endsAt - Date.now()).toBeLessThanOrEqual(4321);
  }, 4321);

  it.each([
    ['for a condition', () => waitUntil('rain', () => false)],
    ['for a promise', () => inTime('rain', never)],
  ])('%s is over before the hook is, and says where the time went', async (_, wait) => {
    inHook(50, [{ what: 'the first lists', ms: 61_000 }]);
    expect(await messageOf(wait())).toBe(
      'waited 0.1 s in vain for rain; no more was left of the 1 s of beforeAll after the first lists (61 s)',
    );
  });

  it('is on the list of what is waited for as long as it lasts', async () => {
    const hook = inHook(5000);
    const waiting = inTime('rain', pause(20));
    expect([...hook.waiting.values()].map(({ what }) => what)).toEqual(['rain']);
    await waiting;
    expect([...hook.waiting.values()]).toEqual([]);
  });
});
