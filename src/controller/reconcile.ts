/** One reconcile of one workload: gather facts, step, record the status, then carry out the effects. Awaits the API server and nobody else. */
import { boundMarks } from '../core/marks/marks.ts';
import type { Question } from '../core/questions/question.ts';
import { withHistory } from '../core/release/history.ts';
import { openRequests, requestsOf } from '../core/requests/release-requests.ts';
import { isFinal } from '../core/release/state.ts';
import { revisedStatus } from '../core/release/revised.ts';
import { initialStatus, step } from '../core/release/step.ts';
import { withoutWriteError, withWriteError } from '../core/release/write-error.ts';
import { ClusterError } from '../ports/cluster.ts';
import { kinds } from '../schema/kinds.ts';
import type { Release, ReleaseStatus } from '../schema/release.ts';
import type { Deployment, JsonObject, ObjectRef } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import { adoptRelease, recordedPolicy } from './adopt.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { gather, readRelease, releasesOf, type ReleaseObject, type Subject } from './gather.ts';
import { clearLeftovers, stillServes } from './leftovers.ts';
import type { Place } from './left-routes.ts';
import { clearOrphans, restoreOrphaned } from './orphaned-releases.ts';
import { settleOutOfBand } from './out-of-band.ts';
import { prune } from './prune.ts';
import { runEffects } from './run-effects.ts';
import { sameStatus } from './same-status.ts';
import { forgetMetrics, showChecks, showMetrics } from './show-metrics.ts';
import { logMove, tellHistory, toldThrough } from './tell-history.ts';
import { workloadKey } from './workload-key.ts';

export type ReconcileResult = { readonly again?: Milliseconds };

/** Rejects with ClusterError when a write did not succeed; the queue tries again, and nothing has been lost. */
export const reconcile = async (deps: ControllerDependencies, ref: ObjectRef<Deployment>): Promise<ReconcileResult> => {
  const workload = deps.cluster.get(ref);
  const namespace = ref.namespace ?? '';
  if (workload === undefined || workload.metadata.deletionTimestamp !== undefined)
    return abandoned(deps, { namespace, workload: ref.name }, workload);
  const orphans = await clearOrphans(deps, { namespace, workload: ref.name }, workload.metadata.uid);
  if (orphans !== undefined) return { again: orphans };
  const left = await clearLeftovers(deps, { namespace, workload: ref.name }, workload);
  if (await settleOutOfBand(deps, workload)) return { again: 0 };
  const { created, foreign } = await adoptRelease(deps, workload);
  const ours = releasesOf(deps.index, namespace, ref.name, workload.metadata.uid).filter((r) => r.name !== foreign);
  const all = withAdopted(ours, created);
  const marked = boundMarks(workload)?.release;
  const advanced: Advanced[] = [];
  for (const release of all.filter((r) => isOpen(r, marked)))
    advanced.push(await advance({ deps, workload, release, all, now: deps.clock.now() }));
  deps.outside.want(
    workloadKey(namespace, ref.name),
    advanced.flatMap(({ questions }) => questions),
  );
  await prune(deps, workload, all);
  return soonest([...advanced.map(({ again }) => again), left?.again]);
};

const abandoned = async (
  deps: ControllerDependencies,
  place: Place,
  workload: Deployment | undefined,
): Promise<ReconcileResult> => {
  const { namespace, workload: name } = place;
  deps.outside.want(workloadKey(namespace, name), []);
  deps.rolls.delete(workloadKey(namespace, name));
  if (!stillServes(deps, place, workload)) await restoreOrphaned(deps, namespace, name);
  forgetMetrics(deps, releasesOf(deps.index, namespace, name));
  const orphans = await clearOrphans(deps, place, undefined);
  const left = await clearLeftovers(deps, place, workload);
  return soonest([orphans, left?.again]);
};

const soonest = (waits: readonly (Milliseconds | undefined)[]): ReconcileResult => {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? {} : { again: Math.min(...known) };
};

/** A Release that was created a moment ago may not be in the cache yet. */
const withAdopted = (all: readonly ReleaseObject[], adopted: Release | undefined): readonly ReleaseObject[] =>
  adopted === undefined || all.some((r) => r.name === adopted.metadata.name) ? all : [...all, readRelease(adopted)];

/**
 * One that has not ended, the ended one whose template the workload still carries (held, to be retried, skipped), and any
 * that a person asks something of: even a request that can only be refused is answered.
 */
const isOpen = ({ name, object, status }: ReleaseObject, marked: string | undefined): boolean =>
  status === undefined ||
  !isFinal(status.phase) ||
  name === marked ||
  openRequests(requestsOf(object), status.acknowledged).length > 0;

type Advanced = { readonly again?: Milliseconds; readonly questions: readonly Question[] };

/** What a person has mended since it was made, where it has not started yet. */
const revised = ({ deps, workload, release, now }: Subject): ReleaseStatus | undefined => {
  const { status, spec } = release;
  if (status?.phase !== 'Pending' || status.ending !== undefined || boundMarks(workload)?.release !== release.name)
    return undefined;
  const found = deps.policies.ofWorkload(workload);
  return 'problems' in found ? undefined : revisedStatus(status, { spec, wanted: recordedPolicy(found) }, now);
};

const advance = async (subject: Subject): Promise<Advanced> => {
  const mended = revised(subject);
  if (mended !== undefined) {
    await record(subject, mended);
    return { again: 0, questions: [] };
  }
  const { deps, workload } = subject;
  const shown = subject.release.status;
  const before = shown === undefined ? initialStatus(subject.now) : withoutWriteError(shown, workload.metadata.name);
  const gathered = gather(subject);
  const next = step(before, gathered.facts);
  // That the write goes through this time is not known before it has.
  const same = shown?.lastWriteError !== undefined && sameStatus(before, next.status);
  const recorded = same ? subject.release : await record(subject, next.status);
  // The effects carry what was recorded: a settled success is read from the status that the API server has.
  const run = { deps, gathered: { ...gathered, release: recorded } };
  const writes = await runEffects(run, next.effects).catch((error: unknown) =>
    showWriteError({ ...subject, release: recorded }, next.status, error),
  );
  if (same) await record(subject, next.status);
  const { questions } = next;
  if (writes > 0) return { again: 0, questions };
  return next.wakeAt === undefined ? { questions } : { again: Math.max(0, next.wakeAt - deps.clock.now()), questions };
};

/**
 * The API server will not have a write (a quota, a policy, a missing right, a webhook that does not answer): the person
 * reads it where the release is read. The queue tries again, and the deadlines go on.
 */
const showWriteError = async (subject: Subject, status: ReleaseStatus, error: unknown): Promise<never> => {
  if (error instanceof ClusterError && (!error.passing || othersWebhookFails(error)))
    await record(subject, withWriteError(status, error.message, subject.workload.metadata.name));
  throw error;
};

/** It may take its owner to mend it, so it is no fault that passes before anybody looks. */
const othersWebhookFails = ({ reason, message }: ClusterError): boolean =>
  reason === 'server' && message.includes('failed calling webhook');

/** The release as the API server has it now. What is told is told from there. */
const record = async ({ deps, release }: Subject, status: ReleaseStatus): Promise<ReleaseObject> => {
  if (release.status !== undefined && sameStatus(release.status, status)) {
    showMetrics(deps, release, release.status, undefined);
    tellHistory(deps, release);
    return release;
  }
  const told = toldThrough(deps.told, release);
  const stored = await write(deps, release, withHistory(release.status, status, { now: deps.clock.now(), told }));
  logMove(deps, stored, { before: release.status, after: status });
  tellHistory(deps, stored);
  showMetrics(deps, stored, status, release.status);
  showChecks(deps, stored, release.status);
  return stored;
};

const write = async (
  { cluster }: ControllerDependencies,
  { object, name }: ReleaseObject,
  status: ReleaseStatus,
): Promise<ReleaseObject> => {
  const { namespace = '', resourceVersion } = object.metadata;
  if (resourceVersion === undefined) throw new ClusterError('conflict', `${name} was read without a resourceVersion`);
  const stored = await cluster.patch(
    { gvk: kinds.release, namespace, name },
    { type: 'json', body: [{ op: 'add', path: '/status', value: status as JsonObject }] },
    { subresource: 'status', resourceVersion },
  );
  return readRelease(stored);
};
