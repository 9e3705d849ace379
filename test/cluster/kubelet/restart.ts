// The real kubelet's shape: 10 s, doubling to 300 s, forgotten after 10 minutes of running. Everything is in units of
// the first delay, so that tests can shorten it without changing the shape.
const MOST = 30;
const FORGOTTEN_AFTER = 60;

/** How long to wait before restart number `restarts + 1` in a row, in ms: the first restart is immediate. */
export function restartDelay(restarts: number, baseMs: number): number {
  return restarts === 0 ? 0 : baseMs * Math.min(2 ** (restarts - 1), MOST);
}

/** Whether a container that ran this long starts counting anew. */
export function forgetsRestarts(ranMs: number, baseMs: number): boolean {
  return ranMs >= baseMs * FORGOTTEN_AFTER;
}

/** Whether a container that ended is started again. */
export function isRestarted(policy: string, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}
