/** Deadlines by the clock, so that a manual one moves them. */
import type { Clock } from '../ports/clock.ts';
import { MetricError } from '../ports/metrics.ts';
import type { Milliseconds } from '../values/time.ts';

export type Deadline = {
  readonly signal: AbortSignal;
  /** Gives up before time. */
  readonly abort: () => void;
  /** It is over: the clock need not be watched any more. */
  readonly clear: () => void;
};

/** Aborted by the clock, the signal's reason is a TimeoutError, as that of AbortSignal.timeout is. */
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

/** What is left to notice an aborted signal and to say in its own words what happened. */
const grace: Milliseconds = 500;

const deaf = (): MetricError =>
  new MetricError('timeout', 'the metric source did not answer before the deadline: see whether it is overloaded', {
    retry: true,
  });

/** What the promise comes to. One that does not notice that its signal is aborted is given up a moment later. */
export const heeding = <T>(promise: Promise<T>, signal: AbortSignal, clock: Clock): Promise<T> => {
  let stop = (): void => undefined;
  const gaveUp = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => void (stop = clock.after(grace, () => reject(deaf())));
    stop = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return Promise.race([promise, gaveUp]).finally(() => stop());
};
