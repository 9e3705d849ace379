/** The canary's Service follows the apex as long as it lives: what callers are promised there holds for both arms. */
import { followsApex } from '../core/release/canary.ts';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { selects } from '../values/label-selector.ts';
import { sameJson } from '../values/same-json.ts';
import { kinds } from '../schema/kinds.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import { refOf, versionOf, type EffectRun } from './effect-run.ts';

/** A selector that the canary's own pods would miss is not followed: they are the ones that serve. */
const selectorFor = (run: EffectRun, wanted: JsonObject): JsonObject => {
  const { deployment, service } = run.gathered.canary;
  const selector = (wanted['selector'] ?? {}) as Readonly<Record<string, string>>;
  const labels = deployment?.spec.template.metadata?.labels;
  if (labels === undefined || selects({ matchLabels: selector }, labels)) return wanted;
  return { ...wanted, selector: service?.spec.selector ?? {} };
};

/** A patch that makes the fields so, those that are to be absent included. */
const difference = (live: JsonObject, wanted: JsonObject): JsonObject | undefined => {
  const changed = followsApex.filter((field) => !sameJson(live[field], wanted[field]));
  if (changed.length === 0) return undefined;
  return Object.fromEntries(changed.map((field) => [field, replaced(live[field], wanted[field])]));
};

/** A merge patch keeps the keys of an object that it does not name. */
const replaced = (live: JsonObject[string], wanted: JsonObject[string]): JsonObject[string] => {
  if (wanted === undefined) return null;
  if (!isMap(live) || !isMap(wanted)) return wanted;
  return { ...Object.fromEntries(Object.keys(live).map((key) => [key, null])), ...wanted };
};

const isMap = (value: JsonObject[string]): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Writes what differs, guarded. Resolves with the number of writes. */
export const followApex = async (run: EffectRun, wanted: KubeObject): Promise<number> => {
  const { service } = run.gathered.canary;
  if (service === undefined || service.metadata.deletionTimestamp !== undefined || isTakenOver(service)) return 0;
  const spec = difference(service.spec, selectorFor(run, wanted.spec ?? {}));
  if (spec === undefined) return 0;
  const ref = refOf(run, kinds.service, service.metadata.name);
  await run.deps.cluster.patch(ref, { type: 'merge', body: { spec } }, { resourceVersion: versionOf(service) });
  run.deps.log.info({ release: run.gathered.release.name, fields: Object.keys(spec) }, "the canary's Service follows");
  return 1;
};
