import { allot, inVain } from './hook-time.ts';
import { TooLate } from './in-time.ts';
import { pause } from './pause.ts';

export type WaitOptions = {
  readonly withinMs?: number;
  /** Default: quick checks at first, then one every 50 ms. */
  readonly everyMs?: number;
  /** Describes the last state if the wait times out. */
  readonly seen?: () => string;
};

type Condition<T> = () => Promise<T | false | undefined> | T | false | undefined;

/** Thrown by a condition that can no longer become true; ends the wait. */
export class Hopeless extends Error {}

/** Extra time for a check that started before the deadline. */
const LAST_LOOK_MS = 2000;
const FIRST_PAUSE_MS = 5;
const PAUSE_MS = 50;
const unanswered = Symbol('unanswered');

/**
 * Resolves to the first value of `condition` that is neither undefined nor false. After `withinMs`, rejects with what
 * was awaited, the last state seen and the condition's last error. Checks at least once, and once more when the time is
 * up.
 */
export const waitUntil = async <T>(
  what: string,
  condition: Condition<T>,
  { withinMs = 120_000, everyMs, seen }: WaitOptions = {},
): Promise<T> => {
  const allotment = allot(what, withinMs);
  const deadline = Date.now() + allotment.ms;
  try {
    for (let wait = everyMs ?? FIRST_PAUSE_MS; ; wait = everyMs ?? Math.min(wait * 1.5, PAUSE_MS)) {
      const left = deadline - Date.now();
      const { value, cause, isOver = left <= 0 } = await look(condition, left);
      if (value !== undefined && value !== false) return value;
      if (isOver)
        throw new TooLate(
          inVain(what, allotment, () => told(seen, cause)),
          { cause },
        );
      await pause(Math.min(wait, Math.max(1, left)));
    }
  } finally {
    allotment.end();
  }
};

type Look<T> = { readonly value?: T | false | undefined; readonly cause?: unknown; readonly isOver?: true };

const look = async <T>(condition: Condition<T>, left: number): Promise<Look<T>> => {
  const done = new AbortController();
  const late = (): Promise<typeof unanswered> =>
    pause(Math.max(left, LAST_LOOK_MS), done.signal).then(() => unanswered);
  try {
    const value = await Promise.race([condition(), late()]);
    return value === unanswered ? { isOver: true, cause: new Error('a look that did not end') } : { value };
  } catch (cause) {
    if (cause instanceof Hopeless) throw cause;
    return { cause };
  } finally {
    done.abort();
  }
};

const told = (seen: (() => string) | undefined, cause: unknown): string =>
  [seen?.() ?? '', cause instanceof Error ? cause.message : ''].filter((part) => part !== '').join('; ');
