import { ApiError } from './api-client.ts';
import { pause } from '../pause.ts';

const WAIT_MS = { first: 100, most: 2_000 };

/** Whether a request may succeed when sent again: no answer, too many requests, or a server in trouble. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** Repeats `attempt` while its failures are passing ones and `signal` has not fired; rejects with any other failure. */
export async function withRetry<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let wait = WAIT_MS.first; ; wait = Math.min(wait * 2, WAIT_MS.most)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || signal?.aborted === true) throw error;
      await pause(wait, signal);
    }
  }
}
