import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { isFinal } from '../core/release/state.ts';
import type { Milliseconds } from '../values/time.ts';
import { deadline, follow } from './follow.ts';
import { locate, noRelease } from './locate.ts';
import { PluginError } from './plugin-error.ts';
import { markedRelease, releaseView, type ReleaseView } from './release-view.ts';
import type { Session } from './session.ts';
import { workloadOf, type Verb } from './verb.ts';
import { watchView, type WatchView } from './watch-view.ts';

/** How long to wait for the Release of a change that was held back. */
const patience: Milliseconds = 60_000;
const tick: Milliseconds = 1000;

const notMade = (name: string): PluginError =>
  new PluginError(
    `Release ${name} has not been made within ${patience / 1000} s of waiting.`,
    "The change is held back and the earlier version serves. Look whether Sluice's controller runs.",
  );

const deleted = (name: string): PluginError =>
  new PluginError(`Release ${name} was deleted.`, 'Look at kubectl sluice list.');

/** Redraws the ages while nothing changes. Returns a function that stops it. */
const ticking = ({ clock, terminal }: Session, redraw: () => void): (() => void) => {
  if (!terminal.live) return () => undefined;
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel = clock.after(tick, () => {
      redraw();
      arm();
    });
  };
  arm();
  return () => cancel();
};

type Watched = { readonly session: Session; readonly view: WatchView; readonly name: string };

/** Shows a state. Returns the release if it exists. */
const showState = ({ session, view, name }: Watched, object: KubeObject | undefined): ReleaseView | undefined => {
  const now = session.clock.now();
  if (object === undefined) {
    view.say(`waiting for Release ${name} to be made`, now);
    return undefined;
  }
  const release = releaseView(object);
  view.show(release, now);
  return release;
};

/** Shows states until a final one, which it returns; undefined if the user interrupts. */
const untilEnd = async (
  watched: Watched,
  states: AsyncIterable<KubeObject | undefined>,
  made: () => void,
): Promise<ReleaseView | undefined> => {
  const { session, view, name } = watched;
  let last: ReleaseView | undefined;
  const stop = ticking(session, () => last !== undefined && view.show(last, session.clock.now()));
  try {
    for await (const object of states) {
      if (object === undefined && last !== undefined) throw deleted(name);
      last = showState(watched, object);
      if (last !== undefined) made();
      if (last !== undefined && isFinal(last.status.phase)) return last;
    }
    return undefined;
  } finally {
    stop();
  }
};

const watchRelease = async (session: Session, namespace: string, name: string): Promise<number> => {
  const { clock, signal, terminal } = session;
  const view = watchView(terminal);
  const limit = deadline(clock, patience, signal);
  const ref = { gvk: kinds.release, namespace, name };
  const states = follow(session, ref, limit.signal, (error) => view.say(`${error.message}; trying again`, clock.now()));
  const end = await untilEnd({ session, view, name }, states, limit.lift).finally(limit.lift);
  if (limit.over()) throw notMade(name);
  return end?.status.phase === 'Succeeded' ? 0 : 1;
};

export const watch: Verb = {
  name: 'watch',
  workload: 'required',
  summary: 'follow a release until it ends; exit code 0 when it succeeded, 1 otherwise',
  options: [],
  run: async (session, call) => {
    const { workload, release } = await locate(session, workloadOf(call));
    const name = release?.name ?? markedRelease(workload);
    if (name === undefined) throw await noRelease(session, workload);
    return watchRelease(session, workload.metadata.namespace ?? session.namespace, name);
  },
};
