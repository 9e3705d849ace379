import { ApiError } from './api-client.ts';
import { pause } from '../pause.ts';

const WAIT_MS = { first: 100, most: 2_000 };

/** Whether a retry may succeed: no response, too many requests, or a server error. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** Retries `attempt` after passing errors until `signal` aborts; rejects with any other error. */
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
