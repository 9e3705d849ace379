import { sentence } from '../values/problem.ts';

const isInUse = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';

/** Node says which address is in use; which flag it comes from, and what to do, only the program knows. */
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
