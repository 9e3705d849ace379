/**
 * Routes of users that carry a live split. Whoever else writes one, the split that the stored object carries is put back in
 * the same write. Sluice's own writes leave no trace in the list of field managers, so that the owner's next server-side
 * apply meets no conflict.
 */
import { fieldManager } from '../../schema/names.ts';
import { isDeeper } from '../../values/extent.ts';
import type { Gvk, KubeObject } from '../../values/kube-object.ts';
import { printable } from '../../values/printable.ts';
import type { CarriedSplit, KeptRoute } from '../../values/route-split.ts';
import { pass, type AdmissionRequest, type Answer } from './admission-request.ts';
import { objectPatch, type JsonPatchOp } from './json-patch.ts';

/** What admission needs of a traffic provider; see `TrafficProvider` in the port of that name. */
export type RouteKeeper = {
  readonly kinds: readonly Gvk[];
  keep(old: KubeObject | undefined, object: KubeObject): KeptRoute;
};

export type KeepRules = { readonly sluiceUsers: readonly string[]; readonly routes: readonly RouteKeeper[] };

/** Pure, and made from the old object and the new one alone: what a client writes about splits counts for nothing. */
export const keepSplit = (request: AdmissionRequest, rules: KeepRules): Answer => {
  const { object, oldObject } = request;
  const keeper = rules.routes.find(({ kinds }) => kinds.some((gvk) => isOf(gvk, request)));
  if (keeper === undefined || object === undefined || request.subResource !== undefined) return pass();
  if (rules.sluiceUsers.includes(request.user)) return traceless(oldObject, object);
  const outcome = keeper.keep(oldObject, object);
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

const isOf = (gvk: Gvk, { group, kind }: AdmissionRequest): boolean => gvk.group === group && gvk.kind === kind;

const share = ({ canary, canaryService, release }: CarriedSplit): string =>
  `the split of ${release === '' ? 'a release' : `release ${printable(release)}`} (${canary} % to ${printable(canaryService)})`;

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
