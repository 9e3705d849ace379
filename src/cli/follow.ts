import type { KubeObject, ObjectRef } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import { pause, type Clock } from '../ports/clock.ts';
import type { Session } from './session.ts';

const firstPause: Milliseconds = 250;
const longestPause: Milliseconds = 8000;

/** A function, because the compiler assumes that `aborted` keeps the value it last had. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/**
 * Yields the states of an object until the signal is aborted, or undefined while it does not exist. Survives broken
 * watches and restarts of the API server; calls `onTrouble` once per interruption. Throws a ClusterError only if a retry
 * cannot help.
 */
export async function* follow(
  { client, clock }: Pick<Session, 'client' | 'clock'>,
  ref: ObjectRef,
  signal: AbortSignal,
  onTrouble: (error: ClusterError) => void = () => undefined,
): AsyncGenerator<KubeObject | undefined, void, void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const object of client.observe(ref, signal)) {
        failures = 0;
        yield object;
      }
    } catch (error) {
      if (isAborted(signal)) return;
      if (!(error instanceof ClusterError) || !error.passing) throw error;
      if (failures === 0) onTrouble(error);
      failures += 1;
    }
    await pause(clock, Math.min(longestPause, firstPause * 2 ** failures), signal);
  }
}

/** A signal that aborts after `time` or together with `signal`. Call `lift` when the work is done. */
export const deadline = (
  clock: Clock,
  time: Milliseconds,
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly over: () => boolean; readonly lift: () => void } => {
  const timer = new AbortController();
  const lift = clock.after(time, () => timer.abort());
  return { signal: AbortSignal.any([signal, timer.signal]), over: () => timer.signal.aborted, lift };
};
