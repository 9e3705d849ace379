/**
 * Users' routes that carry a live split. When anybody else writes such a route, the stored object's split is put back
 * in the same write. Sluice's own writes are removed from managedFields, so that the owner's next server-side apply has
 * no conflict.
 */
import { fieldManager } from '../../schema/names.ts';
import { isDeeper, weightOf } from '../../values/extent.ts';
import { isSameKind, type KubeObject } from '../../values/kube-object.ts';
import { printable } from '../../values/printable.ts';
import type { RouteFormat } from '../../values/route-format.ts';
import type { CarriedSplit, KeptRoute } from '../../values/route-split.ts';
import { hasMore, splitText } from '../../values/split.ts';
import { pass, type AdmissionRequest, type Answer } from './admission-request.ts';
import { objectPatch } from './json-patch.ts';
import type { JsonPatchOp } from '../../values/json-pointer.ts';

export type KeepRules = { readonly sluiceUsers: readonly string[]; readonly formats: readonly RouteFormat[] };

/**
 * Bounds the work to about a second: values in the route times splits in it, and once more times those that ask for more
 * than weights, because every split is put back with the rules of these. Sluice's own routes stay far below.
 */
const mostWork = 500_000;

const isTooMuch = (splits: readonly CarriedSplit[], ...objects: readonly KubeObject[]): boolean => {
  const read = objects.map(({ metadata, spec }) => [metadata.annotations, spec]);
  const more = splits.filter(({ split }) => hasMore(split)).length;
  return splits.length > 0 && weightOf(read, mostWork / (splits.length * (1 + more))) === Infinity;
};

/** The object without any record of splits. */
const forgetful = (format: RouteFormat, object: KubeObject): KubeObject =>
  format.remember({ ...object, metadata: { name: object.metadata.name } }, object);

/**
 * The object to store when anybody but Sluice writes `object` over `old`: `object` with the splits of `old`. A split
 * that only the new object contains was copied from a live object earlier; it is removed with the help of its own
 * annotation.
 */
export const keepSplits = (format: RouteFormat, old: KubeObject | undefined, object: KubeObject): KeptRoute => {
  const before = old === undefined ? [] : format.read(old);
  // The new object's own record of splits is never read while splits are restored.
  if (old !== undefined && isTooMuch(before, old, forgetful(format, object)))
    return { object, kept: [], gone: [], copied: [], tooMuch: true };
  const known = new Set(before.map(({ apex }) => apex));
  const copied = format.read(object).filter(({ apex }) => !known.has(apex));
  // An implausible number of copied splits is ignored: their record is removed, and the routes stay as sent.
  const cleaned = isTooMuch(copied, object)
    ? forgetful(format, object)
    : copied.reduce((next, { apex }) => format.take(next, apex), object);
  const start = old === undefined || before.length === 0 ? cleaned : format.remember(old, cleaned);
  const stored = before.reduce((next, split) => format.put(next, split), start);
  const carried = new Set(format.read(stored).map(({ apex }) => apex));
  return {
    object: stored,
    kept: before.filter(({ apex }) => carried.has(apex)),
    gone: before.filter(({ apex }) => !carried.has(apex)),
    copied,
  };
};

/** Pure. The split comes from the old object; whatever the client writes about splits is ignored. */
export const keepSplit = (request: AdmissionRequest, rules: KeepRules): Answer => {
  const { object, oldObject } = request;
  const format = rules.formats.find(({ gvk }) => isSameKind(gvk, request));
  if (format === undefined || object === undefined || request.subResource !== undefined) return pass();
  if (rules.sluiceUsers.includes(request.user)) return traceless(oldObject, object);
  const outcome = keepSplits(format, oldObject, object);
  if (outcome.tooMuch === true)
    return {
      ...pass('too-much', 'the route carries more splits than can be kept in time'),
      warnings: [tooMuch(object)],
    };
  const patch = objectPatch(object, outcome.object);
  if (patch.length === 0) return pass('split-intact', 'the split is in the object already');
  return { ...pass('split-kept', 'the route carries a live split'), patch, warnings: warningsOf(object, outcome) };
};

/** managedFields is as deep as the object. JSON of this depth can be serialised even with a nearly full stack. */
const deepest = 1000;

const share = ({ split, canaryService, release }: CarriedSplit): string =>
  `the split of ${release === '' ? 'a release' : `release ${printable(release)}`} (${splitText(split)} to ${printable(canaryService)})`;

const warningsOf = ({ kind }: KubeObject, { kept, gone, copied }: KeptRoute): readonly string[] => [
  ...kept.map((split) => `${share(split)} is kept; it ends with the release`),
  ...gone.map(
    (split) => `this ${kind} no longer sends to ${printable(split.apex)}, so ${share(split)} is not in it any more`,
  ),
  ...copied.map(
    (split) => `${share(split)} is taken out: it was copied from a live object, and this ${kind} carries none now`,
  ),
];

const tooMuch = ({ kind }: KubeObject): string =>
  `this ${printable(kind)} is too large for the number of splits in it: none was kept in this write, and the releases put theirs back`;

/**
 * Keeps Sluice out of managedFields, so that the fields it splits stay their owner's; an entry written while the
 * webhook was down is removed as well. The list is never emptied: the API server would start a new one and assign all
 * fields to an unknown manager.
 */
const traceless = (old: KubeObject | undefined, object: KubeObject): Answer => {
  const wanted = (old?.metadata.managedFields ?? []).filter(({ manager }) => manager !== fieldManager);
  if (wanted.length === 0 || object.metadata.managedFields === undefined || isDeeper(wanted, deepest))
    return pass('own-write', 'Sluice writes this itself');
  const patch: readonly JsonPatchOp[] = [{ op: 'replace', path: '/metadata/managedFields', value: wanted }];
  return { ...pass('own-route', 'the fields of the route stay their owner’s'), patch };
};
