/** A metric source that sends identical asks which are under way at the same time only once. */
import type { Answer, Ask } from '../core/judge/series.ts';
import type { MetricSource } from '../ports/metrics.ts';
import { withdrawn } from './withdrawn.ts';

const who = 'the metric source';

type Flight = { readonly answer: Promise<Answer>; readonly abort: () => void; passengers: number };

const keyOf = (ask: Ask): string => JSON.stringify([ask.shape, ask.query, ask.from, ask.to]);

/** The answer, or a rejection as soon as this caller's signal is aborted: the others wait on. */
const untilAborted = (answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(withdrawn(signal, who));
    signal.addEventListener('abort', onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });

/** Wraps a source. A request is aborted when the last of its callers has gone; a finished one is forgotten: nothing is cached. */
export const batch = (source: MetricSource): MetricSource => {
  const flights = new Map<string, Flight>();

  const takeOff = (ask: Ask, key: string): Flight => {
    const controller = new AbortController();
    const answer = source.fetch(ask, controller.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    const flight: Flight = { answer, abort: () => controller.abort(), passengers: 0 };
    flights.set(key, flight);
    return flight;
  };

  const leave = (flight: Flight, key: string): void => {
    flight.passengers -= 1;
    if (flight.passengers > 0 || flights.get(key) !== flight) return;
    flights.delete(key);
    flight.abort();
  };

  return {
    kind: source.kind,
    check: (query) => source.check(query),
    ping: (signal) => source.ping(signal),
    fetch: async (ask, signal) => {
      if (signal.aborted) throw withdrawn(signal, who);
      const key = keyOf(ask);
      const flight = flights.get(key) ?? takeOff(ask, key);
      flight.passengers += 1;
      try {
        return await untilAborted(flight.answer, signal);
      } finally {
        leave(flight, key);
      }
    },
  };
};
