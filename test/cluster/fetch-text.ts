import { inTime } from './in-time.ts';

export type Fetched = { readonly ok: boolean; readonly status: number; readonly text: string };

/** Fetches a whole HTTP response. After `withinMs`, rejects with the address. */
export const fetchText = (url: string, init: RequestInit = {}, withinMs = 20_000): Promise<Fetched> =>
  inTime(
    `the answer of ${url}`,
    async (signal) => {
      const response = await fetch(url, { ...init, signal });
      return { ok: response.ok, status: response.status, text: await response.text() };
    },
    { withinMs },
  );
