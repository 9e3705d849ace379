/** Finds workloads that changed past the webhook, records that, and corrects each of them in one guarded write. */
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

/** For users to read. Code recognises such a record by its `recordOf`. */
const away = 'the webhook was away';

/** Whether a Deployment without a running release needs `settleOutOfBand`. */
export const looksOutOfBand = ({ policies }: ControllerDependencies, workload: Deployment): boolean =>
  isOutOfBand({ workload, optedIn: policies.optedIn(workload) });

/**
 * Corrects a workload that changed past the webhook. Resolves to true if it wrote something: then the caller starts over.
 * The record is written first and is found again by its template, so a crash in between neither loses nor repeats it.
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

/** True also if the policy cannot be read: that must not keep anybody from rolling back. */
const rollsBackFast = ({ policies }: ControllerDependencies, workload: Deployment): boolean => {
  const found = policies.ofWorkload(workload);
  return 'problems' in found || found.spec.rollback !== 'canary';
};

type Bypass = {
  readonly all: readonly ReleaseObject[];
  readonly ruling: OutOfBandRuling;
  readonly stableHash: string;
};

/** What happened, as a message that makes sense with or without the failed Release at hand. */
const wordsFor = ({ metadata }: Deployment, { case: found }: OutOfBandRuling): string => {
  const failed = metadata.annotations?.[marks.release];
  return found === 'failed-unpaused' && failed !== undefined
    ? `${away}: the template that failed in release ${failed} was unpaused and rolls natively, and nobody knows who did it`
    : `${away}: the template rolled natively, without a canary, and nobody knows who applied it`;
};

/** Records each template that rolled past the webhook once. If the record is pruned, the mark still says it is known. */
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

/** Whether a Release already explains the roll: it is the template's own, or a record named after this generation. */
const tellsOfIt = ({ status, spec, name }: ReleaseObject, recordName: string): boolean =>
  ['Succeeded', 'Skipped', 'Bypassed'].includes(status?.ending?.outcome ?? status?.phase ?? '') &&
  (spec.recordOf !== 'bypass' || name === recordName);

/** The policy to put into the record; empty if it cannot be read, which must not prevent the record. */
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
  // As for a release: if only marks change, they go in through the status subresource, which cannot change the template.
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
