/** Deadlines that use the Clock port, so that a manual clock in tests controls them. */
import type { Clock } from '../ports/clock.ts';
import { MetricError } from '../ports/metrics.ts';
import type { Milliseconds } from '../values/time.ts';

export type Deadline = {
  readonly signal: AbortSignal;
  /** Aborts before the deadline. */
  readonly abort: () => void;
  /** Cancels the deadline's timer. */
  readonly clear: () => void;
};

/** A signal that aborts after `delay`, with a TimeoutError as its reason like AbortSignal.timeout. */
export const deadlineIn = (clock: Clock, delay: Milliseconds): Deadline => {
  const controller = new AbortController();
  const clear = clock.after(delay, () =>
    controller.abort(new DOMException(`no answer within ${delay} ms`, 'TimeoutError')),
  );
  return {
    signal: controller.signal,
    abort: () => {
      clear();
      controller.abort();
    },
    clear,
  };
};

/** How long a promise may take to reject with its own error after its signal is aborted. */
const grace: Milliseconds = 500;

const deaf = (): MetricError =>
  new MetricError('timeout', 'the metric source did not answer before the deadline: see whether it is overloaded', {
    retry: true,
  });

/** Settles like the promise. If the promise ignores the aborted signal, it is abandoned after `grace`. */
export const heeding = <T>(promise: Promise<T>, signal: AbortSignal, clock: Clock): Promise<T> => {
  let stop = (): void => undefined;
  const gaveUp = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => void (stop = clock.after(grace, () => reject(deaf())));
    stop = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return Promise.race([promise, gaveUp]).finally(() => stop());
};
