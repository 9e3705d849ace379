import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves with the first value of `condition` that is neither undefined nor false. Rejects after `withinMs`, with what
 * was waited for and, when the condition threw, with what it said last.
 */
export const waitUntil = async <T>(
  what: string,
  condition: () => Promise<T | false | undefined> | T | false | undefined,
  { withinMs = 90_000, everyMs = 50 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> => {
  const deadline = Date.now() + withinMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${withinMs / 1000} s in vain for ${what}`, { cause });
    await sleep(everyMs);
  }
};
