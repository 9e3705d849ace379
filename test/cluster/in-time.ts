import { allot, inVain, type Allotment } from './hook-time.ts';

export type InTimeOptions = {
  readonly withinMs?: number;
  /** What there is to see of it when the wait has been in vain. */
  readonly seen?: () => string;
};

/** What was waited for did not come in time. */
export class TooLate extends Error {}

/**
 * The outcome of `work`, or a rejection after `withinMs` with what was waited for and what was seen last. Work given as a
 * function gets a signal that fires then.
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
