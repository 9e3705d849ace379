import { allot, inVain, type Allotment } from './hook-time.ts';

export type InTimeOptions = {
  readonly withinMs?: number;
  /** Describes the last state if the wait times out. */
  readonly seen?: () => string;
};

/** A wait timed out. */
export class TooLate extends Error {}

/**
 * The result of `work`, or a rejection after `withinMs` that says what was awaited and what was seen last. Work given
 * as a function gets a signal that aborts at that time.
 */
export const inTime = async <T>(
  what: string,
  work: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>),
  { withinMs = 60_000, seen }: InTimeOptions = {},
): Promise<T> => {
  const allotment = allot(what, withinMs);
  const late = new AbortController();
  try {
    const given = typeof work === 'function' ? work(late.signal) : work;
    return await orLate(given, allotment, () => {
      const error = new TooLate(inVain(what, allotment, seen));
      late.abort(error);
      return error;
    });
  } finally {
    allotment.end();
  }
};

const orLate = async <T>(given: PromiseLike<T>, { ms }: Allotment, overdue: () => Error): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(overdue()), ms);
  try {
    return await Promise.race([given, late]);
  } finally {
    clearTimeout(timer);
  }
};
