/** Effects on the user's Deployment. All are guarded by the resourceVersion the decision was made on. */
import { boundMarks, recordPhase, withKnownGood, type Requester } from '../core/marks/marks.ts';
import { withFailed, withoutFailed } from '../core/marks/failed-templates.ts';
import type { JsonObject, PodTemplate } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { toRfc3339 } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import { annotationPointer, type JsonPatchOp } from '../values/json-pointer.ts';
import { marks } from '../schema/annotations.ts';
import type { Acknowledged } from '../schema/release.ts';
import { acceptedRetry } from '../core/release/requests.ts';
import { keptTemplates } from './replica-sets.ts';
import { refOf, versionOf, type EffectRun } from './effect-run.ts';
import { workloadKey } from './workload-key.ts';

const patchWorkload = async (run: EffectRun, body: JsonObject, subresource?: 'status'): Promise<number> => {
  const { workload } = run.gathered;
  const type = subresource === 'status' ? 'strategic' : 'merge';
  await run.deps.cluster.patch(
    refOf(run, kinds.deployment, workload.metadata.name),
    { type, body },
    { resourceVersion: versionOf(workload), ...(subresource === undefined ? {} : { subresource }) },
  );
  return 1;
};

/**
 * Marks alone go in with the status: no spec is stored with it, so that whoever else changes Deployments when they are
 * written (sidecar injectors, digest mutators) cannot put another template into a write that has none.
 */
const patchMarks = (run: EffectRun, annotations: JsonObject): Promise<number> =>
  patchWorkload(run, { metadata: { annotations } }, 'status');

/** Unpause. The resourceVersion pins the template too: what is promoted is exactly what was judged. */
export const promote = async (run: EffectRun): Promise<number> => {
  const { facts } = run.gathered;
  if (facts.workload.templateHash !== facts.release.spec.templateHash) {
    throw new ClusterError('conflict', 'the template changed since it was judged');
  }
  return patchWorkload(run, { metadata: { annotations: { [marks.phase]: 'Promoting' } }, spec: { paused: null } });
};

/** Unpause a template that is not released. Guarded like the promotion. */
export const letRoll = async (run: EffectRun): Promise<number> => {
  const { facts } = run.gathered;
  if (facts.workload.templateHash !== facts.release.spec.templateHash) {
    throw new ClusterError('conflict', 'the template changed since it was decided that it rolls');
  }
  return patchWorkload(run, { metadata: { annotations: { [marks.phase]: 'Skipped' } }, spec: { paused: null } });
};

/**
 * Through the scale subresource, so that no spec is stored with it, either. What comes back is not the Deployment: the watch
 * tells of the new size, and that is when to look again.
 */
export const growWorkload = async ({ deps, gathered }: EffectRun, replicas: number): Promise<number> => {
  const { workload, release } = gathered;
  const { namespace = '', name } = workload.metadata;
  deps.log.info({ release: release.name }, `gives the workload the size it had: ${replicas} replicas`);
  await deps.cluster.patch(
    { gvk: kinds.deployment, namespace, name },
    { type: 'merge', body: { spec: { replicas } } },
    { subresource: 'scale', resourceVersion: versionOf(workload) },
  );
  return 0;
};

const noMarks: JsonObject = {
  [marks.stableHash]: null,
  [marks.releaseHash]: null,
  [marks.release]: null,
  [marks.requestedBy]: null,
  [marks.phase]: null,
};

/**
 * Takes the marks off: the released template serves. What served before is known to be good, and so is what was judged;
 * a template that was skipped is neither. Who rolls back may well do so because what served before is not good: that
 * makes nothing known.
 */
export const settle = async (run: EffectRun): Promise<number> => {
  const { release, workload, facts } = run.gathered;
  run.deps.rolls.delete(workloadKey(workload.metadata.namespace ?? '', workload.metadata.name));
  if (recordPhase(facts.workload.marks?.phase) !== undefined) return patchMarks(run, noMarks);
  const { templateHash: admitted, stableHash } = release.spec;
  const promoted = release.status?.ending?.outcome === 'Succeeded' ? [admitted] : [];
  const knownGood = withKnownGood(workload.metadata.annotations, ...promoted, stableHash);
  const lasting = { [marks.knownGood]: knownGood, [marks.admitted]: admitted, ...forgiven(run, promoted) };
  return patchMarks(run, { ...noMarks, ...lasting });
};

/** What is promoted, or tried again at a person's wish, is no longer remembered as failed. */
const forgiven = ({ gathered }: EffectRun, hashes: readonly string[]): JsonObject => {
  const { annotations } = gathered.workload.metadata;
  if (hashes.length === 0 || annotations?.[marks.failed] === undefined) return {};
  return { [marks.failed]: withoutFailed(annotations, hashes[0] ?? '') ?? null };
};

export const forgetAuthor = (run: EffectRun): Promise<number> => patchMarks(run, { [marks.requestedBy]: null });

/** Another attempt at the same template: the next name, and no trace of the failure. */
export const markRetry = async (run: EffectRun): Promise<number> => {
  const { release } = run.gathered;
  const author = retriedBy(release.status === undefined ? undefined : acceptedRetry(release.status));
  const tried = forgiven(run, [release.spec.templateHash]);
  return patchMarks(run, { [marks.release]: nextAttempt(release.name), [marks.phase]: null, ...author, ...tried });
};

/** The new attempt is asked for by whoever asked for it; the request is signed, so this is whom the API server knew. */
const retriedBy = (request: Acknowledged | undefined): JsonObject => {
  if (request?.by === undefined) return {};
  const requester: Requester = { user: request.by, at: request.at };
  return { [marks.requestedBy]: JSON.stringify(requester) };
};

const retrySuffix = /-retry(\d+)$/;

/** `web-4` → `web-4-retry2` → `web-4-retry3`. */
export const nextAttempt = (name: string): string => `${name.replace(retrySuffix, '')}-retry${attemptOf(name) + 1}`;
export const attemptOf = (name: string): number => Number(retrySuffix.exec(name)?.[1] ?? 1);

/** The stable template back, unpaused: no pod restarts, because the ReplicaSet of that template is the one that serves. */
export const putBack = async (run: EffectRun): Promise<number> => {
  const { deps, gathered } = run;
  const { workload, release } = gathered;
  const stable = stableHash(run);
  const template = await stableTemplate(run, stable);
  const annotations = Object.keys(noMarks).filter((key) => workload.metadata.annotations?.[key] !== undefined);
  const failed = failedMark(run);
  const body: JsonPatchOp[] = [
    { op: 'replace', path: '/spec/template', value: template as JsonObject },
    ...(workload.spec.paused === undefined ? [] : [{ op: 'remove' as const, path: '/spec/paused' }]),
    ...annotations.map((key) => ({ op: 'remove' as const, path: annotationPointer(key) })),
    { op: 'add', path: annotationPointer(marks.admitted), value: stable },
    ...(failed === undefined ? [] : [{ op: 'add' as const, path: annotationPointer(marks.failed), value: failed }]),
  ];
  deps.log.info({ release: release.name }, 'puts the stable template back');
  await deps.cluster.patch(
    refOf(run, kinds.deployment, workload.metadata.name),
    { type: 'json', body },
    { resourceVersion: versionOf(workload) },
  );
  return 1;
};

/** A template that came back after its release may stand over another stable one than it did then. */
const stableHash = ({ gathered: { workload, release } }: EffectRun): string =>
  boundMarks(workload)?.stableHash ?? release.spec.stableHash;

/** What failed, or was aborted by a person, is remembered: whatever applies it again must not start it again. */
const failedMark = ({ gathered: { workload, release } }: EffectRun): string | undefined => {
  const { annotations } = workload.metadata;
  const { outcome, reason } = release.status?.ending ?? {};
  const hash = release.spec.templateHash;
  if (outcome === 'Failed') return withFailed(annotations, { hash, release: release.name, outcome });
  return outcome === 'Aborted' && reason === 'AbortRequested'
    ? withFailed(annotations, { hash, release: release.name, outcome })
    : undefined;
};

/** From the ReplicaSet that serves: the one place where the stable template is kept. A rare live read. */
const stableTemplate = async ({ deps, gathered }: EffectRun, wanted: string): Promise<PodTemplate> => {
  const { workload } = gathered;
  const kept = await keptTemplates(deps.cluster, workload);
  const stable = kept.find(({ hash }) => hash === wanted)?.template;
  if (stable === undefined) {
    throw new ClusterError(
      'not-found',
      `no ReplicaSet of ${workload.metadata.name} has the stable template ${wanted} any more; apply the earlier version by hand`,
    );
  }
  return stable;
};

/**
 * The failure where people look: the mark that keeps the template held, and the Progressing condition that makes
 * `kubectl rollout status` fail. The Deployment controller leaves a ProgressDeadlineExceeded of a paused Deployment alone.
 */
export const markFailed = async (run: EffectRun, message: string): Promise<number> => {
  const { facts } = run.gathered;
  if (facts.workload.marks?.phase === 'Failed' && facts.workload.timedOut) return 0;
  const words = `release ${run.gathered.release.name} failed: ${message}`;
  const body = {
    metadata: { annotations: { [marks.phase]: 'Failed' } },
    ...progressing(run, 'False', 'ProgressDeadlineExceeded', words),
  };
  return patchWorkload(run, body, 'status');
};

/** The words the Deployment controller itself has for a paused Deployment. */
export const clearFailed = (run: EffectRun): Promise<number> =>
  patchWorkload(run, progressing(run, 'Unknown', 'DeploymentPaused', 'Deployment is paused'), 'status');

const progressing = (run: EffectRun, status: string, reason: string, message: string): JsonObject => {
  const now = toRfc3339(run.gathered.facts.now);
  return {
    status: {
      conditions: [{ type: 'Progressing', status, reason, message, lastUpdateTime: now, lastTransitionTime: now }],
    },
  };
};
