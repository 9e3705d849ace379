/**
 * The time limit of the running hook or test. test/support/timed-environment.js sets it for Jest; elsewhere there is
 * none, and only a wait's own deadline counts.
 */
export type HookTime = {
  /** `beforeAll`, or the test's name. */
  readonly what: string;
  readonly endsAt: number;
  readonly totalMs: number;
  /** Current waits, and when they started. */
  readonly waiting: Map<symbol, { readonly what: string; readonly since: number }>;
  /** Finished waits that took a second or more. */
  readonly over: { readonly what: string; readonly ms: number }[];
};

export type Allotment = {
  readonly ms: number;
  /** Why it is less than requested; empty if it is not. */
  readonly because: string;
  /** Must be called when the wait is over. */
  readonly end: () => void;
};

/** Key shared between the test environment and the tests, which have different global scopes. */
export const HOOK_TIME = Symbol.for('sluice.test.hook-time');

/** Reserved so that a wait can report its own error before Jest ends the hook without one. */
const MARGIN_MS = 10_000;
const TOLD_FROM_MS = 1000;
const TOLD_MOST = 6;

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

const presentHook = (): HookTime | undefined => (globalThis as { [HOOK_TIME]?: HookTime })[HOOK_TIME];

/** Describes where a hook's time went. */
const spent = ({ over }: HookTime): string => {
  const longest = [...over].sort((a, b) => b.ms - a.ms).slice(0, TOLD_MOST);
  return longest.length === 0 ? '' : ` after ${longest.map(({ what, ms }) => `${what} (${seconds(ms)})`).join(', ')}`;
};

/** Limits a wait to the time left in its hook. */
export const allot = (what: string, wantedMs: number): Allotment => {
  const hook = presentHook();
  if (hook === undefined) return { ms: wantedMs, because: '', end: () => undefined };
  const since = Date.now();
  const margin = Math.min(MARGIN_MS, hook.totalMs / 10);
  const rest = Math.max(0, hook.endsAt - since);
  // If little time is left, use half of it and leave the rest for cleaning up.
  const left = Math.max(rest - margin, rest / 2);
  const key = Symbol(what);
  hook.waiting.set(key, { what, since });
  return {
    ms: Math.min(wantedMs, left),
    because: wantedMs <= left ? '' : `; no more was left of the ${seconds(hook.totalMs)} of ${hook.what}${spent(hook)}`,
    end: () => {
      hook.waiting.delete(key);
      const ms = Date.now() - since;
      if (ms >= TOLD_FROM_MS) hook.over.push({ what, ms });
    },
  };
};

/** The error message of a wait that timed out. `seen` describes the last state. */
export const inVain = (what: string, { ms, because }: Allotment, seen?: () => string): string => {
  const last = seen === undefined ? '' : lastSeen(seen);
  return `waited ${seconds(ms)} in vain for ${what}${because}${last === '' ? '' : `; last seen: ${last}`}`;
};

const lastSeen = (seen: () => string): string => {
  try {
    return seen();
  } catch (error) {
    return `nothing (${String(error)})`;
  }
};
