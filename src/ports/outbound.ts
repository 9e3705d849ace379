/** Requests to addresses that people name. Whatever sends one (sources, hooks, gates, notifiers) is given a way to by main. */

export type OutboundRequest = {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
  /** A redirect is an answer: following one would lead past everything that was decided about the address. */
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
};

/** As much of `fetch` as is needed. Rejects with OutboundError where the address may not be reached, and as `fetch` does. */
export type OutboundFetch = (url: string, request: OutboundRequest) => Promise<Response>;

/** The address may not be reached. The message completes "NAME may not be asked: …". */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
}
