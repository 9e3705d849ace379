import { sentence } from '../values/problem.ts';

const isInUse = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';

/** Adds the flag and what to do to Node's EADDRINUSE error. */
export const namingPort = async <T>(flag: string, port: number, opened: Promise<T>): Promise<T> => {
  try {
    return await opened;
  } catch (cause) {
    if (!isInUse(cause)) throw cause;
    const rule = 'is in use by another program on this machine';
    const todo = 'Write another port, or 0 to take a free one.';
    throw new Error(sentence({ field: `--${flag}`, value: String(port), rule, todo }), { cause });
  }
};
