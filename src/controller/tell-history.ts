/**
 * Publishes the recorded history of releases as Kubernetes events and log lines. Every entry is published at least once,
 * even if the controller that recorded it stops: the next one publishes it. An event published twice is one event.
 */
import { createHash } from 'node:crypto';
import { untold } from '../core/release/history.ts';
import { isFinal } from '../core/release/state.ts';
import { kinds } from '../schema/kinds.ts';
import type { HistoryEntry, ReleaseStatus } from '../schema/release.ts';
import { fromRfc3339, type Milliseconds } from '../values/time.ts';
import type { ControllerDependencies } from './dependencies.ts';
import type { ReleaseObject } from './gather.ts';

/** The `seq` of the last entry that this process published, by the uid of the Release. */
export type ToldHistory = Map<string, number>;

/** A start publishes only ends that are newer than this. Older ones were published before, or interest nobody any more. */
const recent: Milliseconds = 600_000;

export const toldThrough = (told: ToldHistory, { uid, status }: ReleaseObject): number =>
  told.get(uid) ?? status?.historyToldThrough ?? 0;

/** Publishes the entries that have not been published yet. */
export const tellHistory = (deps: ControllerDependencies, release: ReleaseObject): void => {
  const { status } = release;
  if (status === undefined) return;
  const entries = untold(status, toldThrough(deps.told, release));
  for (const entry of entries) tell(deps, release, entry);
  const last = entries.at(-1);
  if (last !== undefined) deps.told.set(release.uid, last.seq);
};

/** After a start, publishes the end of a recent release, which is no longer reconciled. */
export const tellRecentEnd = (deps: ControllerDependencies, release: ReleaseObject): void => {
  const { status } = release;
  const endedAt = fromRfc3339(status?.completedAt);
  if (status === undefined || !isFinal(status.phase) || endedAt === undefined) return;
  if (deps.clock.now() - endedAt < recent) tellHistory(deps, release);
};

const tell = (deps: ControllerDependencies, { object, name, uid, spec }: ReleaseObject, entry: HistoryEntry): void => {
  const { namespace = '' } = object.metadata;
  const { name: workload, uid: workloadUid } = spec.workload;
  const onRelease = { ref: { gvk: kinds.release, namespace, name }, uid };
  const onWorkload = { ref: { gvk: kinds.deployment, namespace, name: workload }, uid: workloadUid };
  const { seq, type, reason, action, message: note, toldOn } = entry;
  const at = fromRfc3339(entry.at);
  const told = { type, reason, action, note, id: eventId(uid, seq), ...(at === undefined ? {} : { at }) };
  if (toldOn !== 'workload') deps.journal.record({ ...told, regarding: onRelease, related: onWorkload });
  if (toldOn !== 'release') deps.journal.record({ ...told, regarding: onWorkload, related: onRelease });
};

const eventId = (uid: string, seq: number): string =>
  createHash('sha256').update(`${uid}/${seq}`).digest('hex').slice(0, 16);

/** Writes one log line per change of a release's phase or step. */
export const logMove = (
  { log }: ControllerDependencies,
  { object, name, spec }: ReleaseObject,
  { before, after }: { readonly before: ReleaseStatus | undefined; readonly after: ReleaseStatus },
): void => {
  if (!hasMoved(before, after)) return;
  const { phase, step, weight, provider, message = phase } = after;
  const { namespace = '' } = object.metadata;
  const fields = { namespace, workload: spec.workload.name, release: name, phase, step, weight, provider };
  log[phase === 'Failing' || phase === 'Failed' ? 'warn' : 'info'](fields, message);
};

const hasMoved = (before: ReleaseStatus | undefined, after: ReleaseStatus): boolean =>
  before === undefined ||
  before.phase !== after.phase ||
  before.step !== after.step ||
  before.message !== after.message;
