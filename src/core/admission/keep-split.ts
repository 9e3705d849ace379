/**
 * Routes of users that carry a live split. Whoever else writes one, the split that the stored object carries is put back in
 * the same write. Sluice's own writes leave no trace in the list of field managers, so that the owner's next server-side
 * apply meets no conflict.
 */
import { fieldManager } from '../../schema/names.ts';
import { isDeeper, weightOf } from '../../values/extent.ts';
import { isSameKind, type KubeObject } from '../../values/kube-object.ts';
import { printable } from '../../values/printable.ts';
import type { RouteFormat } from '../../values/route-format.ts';
import type { CarriedSplit, KeptRoute } from '../../values/route-split.ts';
import { splitText } from '../../values/split.ts';
import { pass, type AdmissionRequest, type Answer } from './admission-request.ts';
import { objectPatch } from './json-patch.ts';
import type { JsonPatchOp } from '../../values/json-pointer.ts';

export type KeepRules = { readonly sluiceUsers: readonly string[]; readonly formats: readonly RouteFormat[] };

/** As much work as takes a second at most: values in the route, times the splits in it. Sluice's own come nowhere near. */
const mostWork = 500_000;

const isTooMuch = (splits: readonly CarriedSplit[], ...objects: readonly KubeObject[]): boolean => {
  const read = objects.map(({ metadata, spec }) => [metadata.annotations, spec]);
  return splits.length > 0 && weightOf(read, mostWork / splits.length) === Infinity;
};

/** The object without any memory of splits. */
const forgetful = (format: RouteFormat, object: KubeObject): KubeObject =>
  format.remember({ ...object, metadata: { name: object.metadata.name } }, object);

/**
 * An object of a format as it is to be stored when somebody other than Sluice writes `object` over `old`: the splits that `old`
 * carries are in it, and everything else is as it was sent. A split that only the new object tells of was copied from a live
 * one some other time: it goes, and its own memory is good for taking it out.
 */
export const keepSplits = (format: RouteFormat, old: KubeObject | undefined, object: KubeObject): KeptRoute => {
  const before = old === undefined ? [] : format.read(old);
  // What the new object remembers is not read while splits are put back.
  if (old !== undefined && isTooMuch(before, old, forgetful(format, object)))
    return { object, kept: [], gone: [], copied: [], tooMuch: true };
  const known = new Set(before.map(({ apex }) => apex));
  const copied = format.read(object).filter(({ apex }) => !known.has(apex));
  // Of more than anybody copies none is believed: the memory of them goes, and the routes stay as they were sent.
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

/** Pure, and made from the old object and the new one alone: what a client writes about splits counts for nothing. */
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

/** Lists of field managers are as deep as the object; JSON of so many levels can be written, however full the stack is. */
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
 * The list of field managers as though Sluice had not written: a split is taken out again, so its fields stay their
 * owner's. An entry from a time when no webhook answered goes, too. An empty list would have the API server begin a new
 * one, in which everything belongs to nobody it knows.
 */
const traceless = (old: KubeObject | undefined, object: KubeObject): Answer => {
  const wanted = (old?.metadata.managedFields ?? []).filter(({ manager }) => manager !== fieldManager);
  if (wanted.length === 0 || object.metadata.managedFields === undefined || isDeeper(wanted, deepest))
    return pass('own-write', 'Sluice writes this itself');
  const patch: readonly JsonPatchOp[] = [{ op: 'replace', path: '/metadata/managedFields', value: wanted }];
  return { ...pass('own-route', 'the fields of the route stay their owner’s'), patch };
};
