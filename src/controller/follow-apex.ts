/** Keeps the canary's Service in line with the apex: callers get the same ports and settings from both arms. */
import { followsApex } from '../core/release/canary.ts';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { selects } from '../values/label-selector.ts';
import { sameJson } from '../values/same-json.ts';
import { kinds } from '../schema/kinds.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import { refOf, versionOf, type EffectRun } from './effect-run.ts';

/** Keeps the present selector if the wanted one does not match the canary's pods: they are serving. */
const selectorFor = (run: EffectRun, wanted: JsonObject): JsonObject => {
  const { deployment, service } = run.gathered.canary;
  const selector = (wanted['selector'] ?? {}) as Readonly<Record<string, string>>;
  const labels = deployment?.spec.template.metadata?.labels;
  if (labels === undefined || selects({ matchLabels: selector }, labels)) return wanted;
  return { ...wanted, selector: service?.spec.selector ?? {} };
};

/** The patch that sets the wanted fields and removes the unwanted ones. Undefined if nothing differs. */
const difference = (live: JsonObject, wanted: JsonObject): JsonObject | undefined => {
  const changed = followsApex.filter((field) => !sameJson(live[field], wanted[field]));
  if (changed.length === 0) return undefined;
  return Object.fromEntries(changed.map((field) => [field, replaced(live[field], wanted[field])]));
};

/** A merge patch keeps the keys that it does not name, so surplus keys are set to null. */
const replaced = (live: JsonObject[string], wanted: JsonObject[string]): JsonObject[string] => {
  if (wanted === undefined) return null;
  if (!isMap(live) || !isMap(wanted)) return wanted;
  return { ...Object.fromEntries(Object.keys(live).map((key) => [key, null])), ...wanted };
};

const isMap = (value: JsonObject[string]): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Writes what differs, guarded by the resource version. Resolves to the number of writes. */
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
