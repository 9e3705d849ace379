/** Workloads that have come in past the webhook: found, put right in one guarded write, and recorded. */
import { markEdits } from '../core/marks/marks.ts';
import { releaseName } from '../core/admission/release-name.ts';
import {
  isOutOfBand,
  ruleOnOutOfBand,
  type OpenRelease,
  type OutOfBandInput,
  type OutOfBandRuling,
} from '../core/out-of-band/out-of-band.ts';
import type { Deployment, JsonObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { isFinal } from '../core/release/state.ts';
import { templateHash } from '../core/template/template-hash.ts';
import { marks } from '../schema/annotations.ts';
import type { ReleaseSpec } from '../schema/release.ts';
import { createRelease } from './adopt.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { releasesOf, type ReleaseObject } from './gather.ts';
import { recordEnd } from './record-end.ts';
import { keptTemplates } from './replica-sets.ts';
import { versionOf } from './effect-run.ts';

/** For people. A record of it is known by its `recordOf`. */
const away = 'the webhook was away';

/** Whether a Deployment that no release is under way for is to be looked at. */
export const looksOutOfBand = ({ policies }: ControllerDependencies, workload: Deployment): boolean =>
  isOutOfBand({ workload, optedIn: policies.optedIn(workload) });

/**
 * Puts a workload right that is astray. True when something was written: everything is to be looked at again then. The
 * record comes first and is found again by its template, so that a crash in between neither loses nor repeats it.
 */
export const settleOutOfBand = async (deps: ControllerDependencies, workload: Deployment): Promise<boolean> => {
  const { namespace = '', name, uid } = workload.metadata;
  const all = releasesOf(deps.index, namespace, name, uid);
  const open = openOf(all);
  const input: OutOfBandInput = {
    workload,
    optedIn: deps.policies.optedIn(workload),
    ...(open === undefined ? {} : { open }),
  };
  if (!isOutOfBand(input)) return false;
  const served = await keptTemplates(deps.cluster, workload);
  const ruling = ruleOnOutOfBand(input, { served, fast: rollsBackFast(deps, workload) });
  if (ruling === undefined) return false;
  if (ruling.bypasses !== undefined) await record(deps, workload, { all, ruling, stableHash: ruling.bypasses });
  await write(deps, workload, ruling);
  return true;
};

const openOf = (all: readonly ReleaseObject[]): OpenRelease | undefined => {
  const found = all.findLast(({ status, spec }) => !isFinal(status?.phase ?? 'Pending') && spec.recordOf !== 'bypass');
  if (found === undefined) return undefined;
  const { name, spec, status } = found;
  return { name, templateHash: spec.templateHash, stableHash: spec.stableHash, ends: status?.ending !== undefined };
};

/** A policy that cannot be read keeps nobody from going back. */
const rollsBackFast = ({ policies }: ControllerDependencies, workload: Deployment): boolean => {
  const found = policies.ofWorkload(workload);
  return 'problems' in found || found.spec.rollback !== 'canary';
};

type Bypass = {
  readonly all: readonly ReleaseObject[];
  readonly ruling: OutOfBandRuling;
  readonly stableHash: string;
};

/** What has happened, for who reads it beside the Release that failed, or alone. */
const wordsFor = ({ metadata }: Deployment, { case: found }: OutOfBandRuling): string => {
  const failed = metadata.annotations?.[marks.release];
  return found === 'failed-unpaused' && failed !== undefined
    ? `${away}: the template that failed in release ${failed} was unpaused and rolls natively, and nobody knows who did it`
    : `${away}: the template rolled natively, without a canary, and nobody knows who applied it`;
};

/** Once for each template that rolled past the webhook, whatever is pruned later: then the mark says that it is known. */
const record = async (deps: ControllerDependencies, workload: Deployment, bypass: Bypass): Promise<void> => {
  const hash = templateHash(workload.spec.template);
  const newest = bypass.all.at(-1);
  const earlier = newest?.spec.templateHash === hash ? newest : undefined;
  const name = releaseName(workload.metadata.name, workload.metadata.generation ?? 0);
  if (earlier !== undefined && tellsOfIt(earlier, name)) return;
  const spec = { templateHash: hash, stableHash: bypass.stableHash, recordOf: 'bypass', reason: away } as const;
  const begun = earlier?.spec.recordOf === 'bypass' && earlier.status === undefined ? earlier.object : undefined;
  const release = begun ?? (await createRelease(deps, workload, name, { ...spec, ...policyOf(deps, workload) }));
  await recordEnd(deps, { workload, release }, { phase: 'Bypassed', message: wordsFor(workload, bypass.ruling) });
};

/** Its own Release says how the template came to roll; a record does for the generation it is named after. */
const tellsOfIt = ({ status, spec, name }: ReleaseObject, recordName: string): boolean =>
  ['Succeeded', 'Skipped', 'Bypassed'].includes(status?.ending?.outcome ?? status?.phase ?? '') &&
  (spec.recordOf !== 'bypass' || name === recordName);

/** For the record alone: one that cannot be read keeps nothing from being recorded. */
const policyOf = (
  { policies }: ControllerDependencies,
  workload: Deployment,
): Pick<ReleaseSpec, 'policy' | 'policyName'> => {
  const found = policies.ofWorkload(workload);
  if ('problems' in found) return { policy: {} };
  return { policy: found.spec, ...(found.name === undefined ? {} : { policyName: found.name }) };
};

const write = async (deps: ControllerDependencies, workload: Deployment, ruling: OutOfBandRuling): Promise<void> => {
  const { namespace = '', name, uid = '' } = workload.metadata;
  const ref = { gvk: kinds.deployment, namespace, name };
  const edits = Object.fromEntries(Object.entries(markEdits(ruling.marks)).map(([key, value]) => [key, value ?? null]));
  const spec: JsonObject = ruling.paused === 'as-is' ? {} : { spec: { paused: ruling.paused ? true : null } };
  const body: JsonObject = { metadata: { annotations: edits }, ...spec };
  const guarded = { resourceVersion: versionOf(workload) };
  // As of a release: marks alone go in with the status, where nobody can put another template into the write.
  const options = ruling.paused === 'as-is' ? { ...guarded, subresource: 'status' as const } : guarded;
  await deps.cluster.patch(ref, { type: 'merge', body }, options);
  deps.log.info({ namespace, workload: name, release: ruling.marks.release, reason: ruling.case }, ruling.because);
  if (ruling.case === 'renewed' || ruling.bypasses !== undefined) return;
  deps.journal.record({
    regarding: { ref, uid },
    type: 'Warning',
    reason: 'WebhookAway',
    action: 'TakeUp',
    note: `${ruling.because}, and ${away}${ruling.marks.release === undefined ? '' : `: see release ${ruling.marks.release}`}`,
  });
};
