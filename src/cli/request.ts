/**
 * Requests: the plugin writes them on the Release, the webhook adds the author, the controller carries them out and
 * answers.
 */
import type { ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { isFinal } from '../core/release/state.ts';
import type { Milliseconds } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import { answeredKeys, openRequests, requestsOf } from '../core/requests/release-requests.ts';
import { printable } from '../values/printable.ts';
import { someOf } from '../values/words.ts';
import { requestKey } from '../schema/annotations.ts';
import type { Acknowledged } from '../schema/release.ts';
import { canBeAsked, type RequestVerb } from '../schema/request.ts';
import { deadline, follow } from './follow.ts';
import { locate, noRelease } from './locate.ts';
import { PluginError } from './plugin-error.ts';
import { releaseView, type ReleaseView } from './release-view.ts';
import type { AnnotationChanges, Session } from './session.ts';

export type Asked = { readonly workload: string; readonly verb: RequestVerb; readonly reason?: string };
type Answer = Acknowledged;

const patience: Milliseconds = 30_000;
const attempts = 5;

/** Requests are answered in order, so the user is told which ones come first. */
const waitingNote = ({ name, object, status }: ReleaseView): string | undefined => {
  const waiting = openRequests(requestsOf(object), status.acknowledged);
  if (waiting.length === 0) return undefined;
  const names = waiting.map(({ verb, by = 'somebody' }) => `${verb} by ${printable(by)}`);
  return `note: requests on ${name} that are answered first: ${someOf(names, 3)}\n`;
};

/**
 * Refuses requests on ended releases at once: the controller reconciles only running releases and those whose template
 * is held. Everything else is left to the controller, which knows the current state.
 */
const pointless = ({ name, namespace, spec, status }: ReleaseView, verb: RequestVerb): PluginError | undefined => {
  if (!isFinal(status.phase) || canBeAsked(verb, status.phase)) return undefined;
  const rule =
    verb === 'retry'
      ? `Only a failed or aborted release can be retried, and ${name} is ${status.phase}.`
      : `Release ${name} has ended (${status.phase}): there is nothing to ${verb}.`;
  return new PluginError(rule, `What can be done: kubectl sluice status ${spec.workload.name} -n ${namespace}`);
};

const refOf = ({ namespace, name }: ReleaseView): ObjectRef => ({ gvk: kinds.release, namespace, name });

/** Adds the request and removes answered ones, so that there is always room. */
const editsFor = ({ object, status }: ReleaseView, { verb, reason }: Asked, id: string): AnnotationChanges => ({
  ...Object.fromEntries(answeredKeys(object, status.acknowledged).map((key) => [key, null])),
  [requestKey(id)]: JSON.stringify({ verb, ...(reason === undefined ? {} : { reason }) }),
});

/**
 * Writes the request on the workload's Release. Guarded only by the uid, because the controller writes to the Release
 * all the time; the controller decides whether the request is still possible.
 */
const write = async (session: Session, asked: Asked, id: string): Promise<ReleaseView> => {
  for (let attempt = 1; ; attempt += 1) {
    const located = await locate(session, asked.workload);
    const { release } = located;
    if (release === undefined) throw await noRelease(session, located.workload);
    const refusal = pointless(release, asked.verb);
    if (refusal !== undefined) throw refusal;
    try {
      await session.client.annotate(refOf(release), editsFor(release, asked, id), release.object.metadata.uid);
      const note = waitingNote(release);
      if (note !== undefined) session.terminal.err(note);
      return release;
    } catch (error) {
      const conflict = error instanceof ClusterError && error.reason === 'conflict';
      if (!conflict || attempt >= attempts) throw error;
    }
  }
};

const silence = ({ name, namespace }: ReleaseView, verb: string): PluginError =>
  new PluginError(
    `Nobody has taken up the request to ${verb} ${name} within ${patience / 1000} s. It stays on the Release and counts as soon as the controller runs.`,
    `Look whether Sluice's controller runs, and at kubectl describe release ${name} -n ${namespace}.`,
  );

const withdrawn = ({ name, namespace, spec }: ReleaseView, verb: string): PluginError =>
  new PluginError(
    `The request to ${verb} ${name} was taken away from it before its answer was seen.`,
    `Look at kubectl sluice status ${spec.workload.name} -n ${namespace}, and ask again if it still has to be.`,
  );

const answerTo = async (session: Session, release: ReleaseView, id: string, verb: string): Promise<Answer> => {
  const limit = deadline(session.clock, patience, session.signal);
  try {
    for await (const object of follow(session, refOf(release), limit.signal)) {
      if (object === undefined)
        throw new PluginError(
          `Release ${release.name} was deleted before it was answered.`,
          'Look at kubectl sluice list.',
        );
      const acknowledged = releaseView(object).status.acknowledged?.find((one) => one.id === id);
      if (acknowledged !== undefined) return acknowledged;
      if (object.metadata.annotations?.[requestKey(id)] === undefined) throw withdrawn(release, verb);
    }
  } finally {
    limit.lift();
  }
  throw silence(release, verb);
};

/**
 * Sends a request and waits for the answer. Resolves to the exit code: 0 if it was accepted, 1 if it was refused.
 * Rejects with PluginError if there is no release or no answer, and with ClusterError.
 */
export const ask = async (session: Session, asked: Asked, consequence: string): Promise<number> => {
  const id = session.newId();
  const release = await write(session, asked, id);
  const answer = await answerTo(session, release, id, asked.verb);
  if (!answer.accepted) {
    session.terminal.err(`${release.name}: ${asked.verb} ${answer.result}\n`);
    return 1;
  }
  const watch = `kubectl sluice watch ${release.spec.workload.name} -n ${release.namespace}`;
  session.terminal.out(`${release.name}: ${asked.verb} accepted. ${consequence} Follow it with: ${watch}\n`);
  return 0;
};
