/**
 * The time that the hook or test that runs now was given. test/support/timed-environment.js says it to Jest's tests;
 * anywhere else there is none, and a wait has its own deadline alone.
 */
export type HookTime = {
  /** `beforeAll`, or the test's name. */
  readonly what: string;
  readonly endsAt: number;
  readonly totalMs: number;
  /** What is waited for at this moment, and since when. */
  readonly waiting: Map<symbol, { readonly what: string; readonly since: number }>;
  /** Waits of a second and more that are over. */
  readonly over: { readonly what: string; readonly ms: number }[];
};

export type Allotment = {
  readonly ms: number;
  /** Why it is less than was wanted; empty where it is not. */
  readonly because: string;
  /** Says that the wait is over. */
  readonly end: () => void;
};

/** Where the test environment and the code under it meet: the one runs outside of the other's global scope. */
export const HOOK_TIME = Symbol.for('sluice.test.hook-time');

/** Of a hook's time, what stays for a wait's own words: Jest ends the hook without any. */
const MARGIN_MS = 10_000;
const TOLD_FROM_MS = 1000;
const TOLD_MOST = 6;

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

const presentHook = (): HookTime | undefined => (globalThis as { [HOOK_TIME]?: HookTime })[HOOK_TIME];

/** Where the time of a hook has gone. */
const spent = ({ over }: HookTime): string => {
  const longest = [...over].sort((a, b) => b.ms - a.ms).slice(0, TOLD_MOST);
  return longest.length === 0 ? '' : ` after ${longest.map(({ what, ms }) => `${what} (${seconds(ms)})`).join(', ')}`;
};

/** How long a wait that wants so much may take: never longer than the hook it is in. */
export const allot = (what: string, wantedMs: number): Allotment => {
  const hook = presentHook();
  if (hook === undefined) return { ms: wantedMs, because: '', end: () => undefined };
  const since = Date.now();
  const margin = Math.min(MARGIN_MS, hook.totalMs / 10);
  const rest = Math.max(0, hook.endsAt - since);
  // Half of the rest where that is more, for what cleans up after a wait in vain.
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

/** What an error says of a wait that was in vain. `seen` is asked for the state of things at its end. */
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
