/** One reconcile of one workload: gather facts, step, record the status, then carry out the effects. */
import { boundMarks } from '../core/marks/marks.ts';
import type { Deployment, JsonObject, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { PodTrouble, Round } from '../core/release/facts.ts';
import { isFinal } from '../core/release/state.ts';
import { withoutRefusal, withRefusal } from '../core/release/refusal.ts';
import { initialStatus, step, type Step } from '../core/release/step.ts';
import { eventsBetween } from '../core/release/release-events.ts';
import type { Milliseconds } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import { canaryServiceName } from '../core/release/canary.ts';
import { canaryName } from '../schema/names.ts';
import type { ReleaseStatus, Release } from '../schema/release.ts';
import { adoptRelease } from './adopt.ts';
import type { ControllerDependencies } from './dependencies.ts';
import {
  gather,
  readRelease,
  releasesOf,
  requestOf,
  type Gathered,
  type ReleaseObject,
  type Subject,
} from './gather.ts';
import { podTrouble } from './pod-trouble.ts';
import { forgetMetrics, showMetrics, showRound } from './show-metrics.ts';
import { runEffects } from './run-effects.ts';
import { sameStatus } from './same-status.ts';
import { settleOutOfBand } from './out-of-band.ts';
import { clearOrphans, restoreOrphaned } from './orphaned-releases.ts';

export type ReconcileResult = { readonly again?: Milliseconds };

/** Rejects with ClusterError when a write did not succeed; the queue tries again, and nothing has been lost. */
export const reconcile = async (deps: ControllerDependencies, ref: ObjectRef<Deployment>): Promise<ReconcileResult> => {
  const workload = deps.cluster.get(ref);
  const namespace = ref.namespace ?? '';
  if (workload === undefined || workload.metadata.deletionTimestamp !== undefined)
    return abandoned(deps, namespace, ref.name);
  const orphans = await clearOrphans(deps, { namespace, workload: ref.name }, workload.metadata.uid);
  if (orphans !== undefined) return { again: orphans };
  if (await settleOutOfBand(deps, workload)) return { again: 0 };
  const { created, foreign } = await adoptRelease(deps, workload);
  const ours = releasesOf(deps.index, namespace, ref.name, workload.metadata.uid).filter((r) => r.name !== foreign);
  const all = withAdopted(ours, created);
  const marked = boundMarks(workload)?.release;
  let again: Milliseconds | undefined;
  for (const release of all.filter((r) => isOpen(r, marked))) {
    const wait = await advance({ deps, workload, release, all, now: deps.clock.now() });
    again = earliest(again, wait);
  }
  return again === undefined ? {} : { again };
};

const abandoned = async (deps: ControllerDependencies, namespace: string, name: string): Promise<ReconcileResult> => {
  await restoreOrphaned(deps, namespace, name);
  forgetMetrics(deps, releasesOf(deps.index, namespace, name));
  const again = await clearOrphans(deps, { namespace, workload: name }, undefined);
  return again === undefined ? {} : { again };
};

/** A Release that was created a moment ago may not be in the cache yet. */
const withAdopted = (all: readonly ReleaseObject[], adopted: Release | undefined): readonly ReleaseObject[] =>
  adopted === undefined || all.some((r) => r.name === adopted.metadata.name) ? all : [...all, readRelease(adopted)];

/**
 * One that has not ended, the ended one whose template the workload still carries (held, to be retried, skipped), and any
 * that a person asks something of: even a request that can only be refused is answered.
 */
const isOpen = ({ name, object, status }: ReleaseObject, marked: string | undefined): boolean =>
  status === undefined || !isFinal(status.phase) || name === marked || isAsked(object, status);

const isAsked = (object: Release, status: ReleaseStatus): boolean => {
  const request = requestOf(object);
  return request !== undefined && request.id !== status.acknowledged?.id;
};

const earliest = (a: Milliseconds | undefined, b: Milliseconds | undefined): Milliseconds | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** One release: until it asks for nothing more, at most a round of checks and a look at the pods. */
const advance = async (subject: Subject): Promise<Milliseconds | undefined> => {
  const told = subject.release.status;
  const before = told === undefined ? initialStatus(subject.now) : withoutRefusal(told);
  const first = gather(subject);
  const { gathered, next } = await stepWithAnswers(subject, first, before);
  // That the write goes through this time is not known before it has.
  const same = told?.refused !== undefined && sameStatus(before, next.status);
  const recorded = same ? subject.release : await record(subject, gathered, next.status);
  // The effects carry what was recorded: a settled success is read from the status that the API server has.
  const run = { deps: subject.deps, gathered: { ...gathered, release: recorded } };
  const writes = await runEffects(run, next.effects).catch((error: unknown) =>
    tellRefusal(subject, run.gathered, next.status, error),
  );
  if (same) await record(subject, gathered, next.status);
  if (writes > 0) return 0;
  return next.wakeAt === undefined ? undefined : Math.max(0, next.wakeAt - subject.deps.clock.now());
};

/**
 * The API server will not have a write (a quota, a policy, a missing right, a webhook that does not answer): the person
 * reads it where the release is read. The queue tries again, and the deadlines go on.
 */
const tellRefusal = async (
  subject: Subject,
  gathered: Gathered,
  status: ReleaseStatus,
  error: unknown,
): Promise<never> => {
  if (error instanceof ClusterError && (!error.passing || othersWebhookFails(error)))
    await record({ ...subject, release: gathered.release }, gathered, withRefusal(status, error.message));
  throw error;
};

/** It may take its owner to mend it, so it is no fault that passes before anybody looks. */
const othersWebhookFails = ({ reason, message }: ClusterError): boolean =>
  reason === 'server' && message.includes('failed calling webhook');

const stepWithAnswers = async (
  subject: Subject,
  first: Gathered,
  before: ReleaseStatus,
): Promise<{ gathered: Gathered; next: Step }> => {
  let gathered = first;
  let next = step(before, gathered.facts);
  for (let asked = 0; next.ask !== undefined && asked < 2; asked += 1) {
    gathered = { ...gathered, facts: { ...gathered.facts, ...(await answerTo(subject, gathered, next)) } };
    next = step(before, gathered.facts);
  }
  return { gathered, next };
};

const answerTo = async (
  subject: Subject,
  gathered: Gathered,
  { ask, status }: Step,
): Promise<{ round?: Round; pods?: readonly PodTrouble[] }> => {
  if (ask === undefined) return {};
  if (ask.for === 'pods') return { pods: await podTrouble(subject.deps.cluster, gathered) };
  const { facts, workload } = gathered;
  const service = facts.service ?? '';
  const round = await subject.deps.measure({
    policy: facts.policy,
    provider: facts.provider,
    arms: {
      namespace: workload.metadata.namespace ?? '',
      workload: workload.metadata.name,
      canary: canaryName(workload.metadata.name),
      service,
      canaryService: canaryServiceName(service),
    },
    from: ask.from,
    to: ask.to,
    weight: status.weight ?? 0,
    failures: status.failures ?? 0,
    started: gathered.started,
    release: gathered.release.name,
  });
  showRound(subject.deps, subject.release, round);
  return { round };
};

/** The decision is written down before anything is done about it. */
const record = async (
  { deps, release, workload }: Subject,
  gathered: Gathered,
  status: ReleaseStatus,
): Promise<ReleaseObject> => {
  if (release.status !== undefined && sameStatus(release.status, status)) {
    showMetrics(deps, release, release.status, undefined);
    return release;
  }
  const ref = { gvk: kinds.release, namespace: workload.metadata.namespace ?? '', name: release.name };
  const version = release.object.metadata.resourceVersion;
  if (version === undefined) throw new ClusterError('conflict', `${release.name} was read without a resourceVersion`);
  const value = status as JsonObject;
  const stored = await deps.cluster.patch(
    ref,
    { type: 'json', body: [{ op: 'add', path: '/status', value }] },
    { subresource: 'status', resourceVersion: version },
  );
  tell(deps, gathered, { before: release.status, after: status });
  showMetrics(deps, release, status, release.status);
  return readRelease(stored);
};

type Change = { readonly before: ReleaseStatus | undefined; readonly after: ReleaseStatus };

const tell = (deps: ControllerDependencies, { release, workload }: Gathered, { before, after }: Change): void => {
  const namespace = workload.metadata.namespace ?? '';
  const onRelease = { ref: { gvk: kinds.release, namespace, name: release.name }, uid: release.uid };
  const onWorkload = {
    ref: { gvk: kinds.deployment, namespace, name: workload.metadata.name },
    uid: workload.metadata.uid ?? '',
  };
  for (const { on, ...tale } of eventsBetween(before, after)) {
    if (on !== 'workload') deps.journal.record({ ...tale, regarding: onRelease, related: onWorkload });
    if (on !== 'release') deps.journal.record({ ...tale, regarding: onWorkload, related: onRelease });
  }
  if (!hasMoved(before, after)) return;
  const { phase, step: at, weight, provider, message = phase } = after;
  const fields = {
    namespace,
    workload: workload.metadata.name,
    release: release.name,
    phase,
    step: at,
    weight,
    provider,
  };
  deps.log[phase === 'Failing' || phase === 'Failed' ? 'warn' : 'info'](fields, message);
};

const hasMoved = (before: ReleaseStatus | undefined, after: ReleaseStatus): boolean =>
  before === undefined ||
  before.phase !== after.phase ||
  before.step !== after.step ||
  before.message !== after.message;
