import type { Probe } from './kube-types.ts';
import { pause } from '../pause.ts';
import type { Outcome } from './run-action.ts';

/** Consecutive equal results, and the outcome established so far. */
export interface Tally {
  readonly established: boolean | undefined;
  readonly answer: boolean;
  readonly streak: number;
}

export const NO_ANSWERS: Tally = { established: undefined, answer: false, streak: 0 };

/** Counts a result. An outcome is established when consecutive results reach the probe's threshold. */
export function countAnswer(tally: Tally, ok: boolean, probe: Probe): Tally {
  const streak = tally.answer === ok ? tally.streak + 1 : 1;
  const threshold = ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return { established: streak >= threshold ? ok : tally.established, answer: ok, streak };
}

export interface ProbeRun {
  readonly probe: Probe;
  readonly attempt: () => Promise<Outcome>;
  /** Called for every counted failure. */
  readonly onFailure: (output: string) => void;
  /** Called when success or failure is established. */
  readonly onEstablished: (ok: boolean) => void;
  /** When the container started, in ms since the epoch. */
  readonly startedAt: number;
}

// A fresh process takes a few ms before it listens. Failures in the first second are not counted and retried soon, so
// that no pod waits for a whole probe period.
const WARM_UP = { forMs: 1_000, everyMs: 100 };

/** Probes until `signal` aborts. */
export async function probeLoop(run: ProbeRun, signal: AbortSignal): Promise<void> {
  const periodMs = (run.probe.periodSeconds ?? 10) * 1000;
  await pause((run.probe.initialDelaySeconds ?? 0) * 1000, signal);
  const ended = (): boolean => signal.aborted;
  let tally = NO_ANSWERS;
  while (!ended()) {
    const begin = Date.now();
    const { ok, output } = await run.attempt();
    if (ended()) return;
    if (!ok && begin - run.startedAt < Math.min(WARM_UP.forMs, periodMs)) {
      await pause(WARM_UP.everyMs, signal);
      continue;
    }
    const next = countAnswer(tally, ok, run.probe);
    if (!ok) run.onFailure(output);
    if (next.established !== undefined && next.established !== tally.established) run.onEstablished(next.established);
    tally = next;
    await pause(periodMs - (Date.now() - begin), signal);
  }
}
