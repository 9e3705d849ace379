// The real kubelet's back-off: 10 s, doubling up to 300 s, reset after running for 10 minutes. All values are multiples
// of the first delay, so that tests can scale it.
const MOST = 30;
const FORGOTTEN_AFTER = 60;

/** Delay before consecutive restart number `restarts + 1`, in ms. The first restart is immediate. */
export function restartDelay(restarts: number, baseMs: number): number {
  return restarts === 0 ? 0 : baseMs * Math.min(2 ** (restarts - 1), MOST);
}

/** Whether a container that ran this long has its restart count reset. */
export function forgetsRestarts(ranMs: number, baseMs: number): boolean {
  return ranMs >= baseMs * FORGOTTEN_AFTER;
}

/** Whether a container is restarted after it exits. */
export function isRestarted(policy: string, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}
