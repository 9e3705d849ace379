/** Applies the three patch types of an API server to JSON. Never mutates its arguments. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import type { JsonPatchOp } from '../values/json-pointer.ts';
import { sameJson } from '../values/same-json.ts';
import type { Patch } from '../ports/cluster.ts';

/** A JSON patch that was made for an object that looked different. */
export class PatchMisfit extends Error {}

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** The object after the patch. Throws a PatchMisfit where a JSON patch does not fit. */
export const patched = (object: JsonObject, patch: Patch): JsonObject => {
  switch (patch.type) {
    case 'merge':
      return merged(object, patch.body) as JsonObject;
    case 'strategic':
      return strategic(object, patch.body) as JsonObject;
    case 'json':
      return patch.body.reduce<Json>(operated, object) as JsonObject;
  }
};

/** RFC 7386: null removes, lists are replaced. */
const merged = (target: Json | undefined, patch: Json): Json =>
  isJsonObject(patch) ? mergedObject(target, patch, (_key, before, value) => merged(before, value)) : patch;

type MergeField = (key: string, before: Json | undefined, value: Json) => Json;

const mergedObject = (target: Json | undefined, patch: JsonObject, merge: MergeField): JsonObject => {
  const before = isJsonObject(target) ? target : {};
  const keys = [...new Set([...Object.keys(before), ...Object.keys(patch)])].filter((key) => patch[key] !== null);
  return Object.fromEntries(
    keys.map((key) => {
      const value = patch[key];
      return [key, value === undefined || value === null ? before[key] : merge(key, before[key], value)];
    }),
  );
};

/** Lists that are merged item by item, and what tells their items apart. Every other list is replaced. */
const mergeKeys: Readonly<Record<string, string>> = {
  conditions: 'type',
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  ownerReferences: 'uid',
};

const strategic = (target: Json | undefined, patch: Json): Json =>
  isJsonObject(patch)
    ? mergedObject(target, patch, (key, before, value) => {
        const mergeKey = mergeKeys[key];
        return isList(value) && mergeKey !== undefined ? mergedList(before, value, mergeKey) : strategic(before, value);
      })
    : patch;

const mergedList = (target: Json | undefined, patch: readonly Json[], mergeKey: string): readonly Json[] => {
  const items = isList(target) ? [...target] : [];
  for (const item of patch) {
    const at = items.findIndex((one) => keyIn(one, mergeKey) === keyIn(item, mergeKey));
    if (at < 0) items.push(item);
    else items[at] = strategic(items[at], item);
  }
  return items;
};

const keyIn = (item: Json, mergeKey: string): Json | undefined => (isJsonObject(item) ? item[mergeKey] : undefined);

/** RFC 6902, as much of it as the port offers. */
const operated = (document: Json, op: JsonPatchOp): Json => {
  const path = op.path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return changedAt(document, path, op);
};

const changedAt = (value: Json | undefined, path: readonly string[], op: JsonPatchOp): Json => {
  const [key, ...rest] = path;
  if (key === undefined || value === undefined || value === null || typeof value !== 'object') throw misfit(op);
  if (isList(value)) return changedList(value, [key, ...rest], op);
  const object = value;
  if (rest.length > 0) return { ...object, [key]: changedAt(own(object, key), rest, op) };
  // The API server treats `replace` of a missing field as `add`.
  if (op.op !== 'remove' && op.op !== 'test') return { ...object, [key]: op.value };
  if (own(object, key) === undefined) throw misfit(op);
  if (op.op === 'remove') return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
  return tested(object, own(object, key), op);
};

const changedList = (list: readonly Json[], [key = '', ...rest]: readonly string[], op: JsonPatchOp): Json => {
  const at = key === '-' ? list.length : Number(key);
  const last = op.op === 'add' && rest.length === 0 ? list.length : list.length - 1;
  if (!Number.isInteger(at) || at < 0 || at > last) throw misfit(op);
  if (rest.length > 0) return list.with(at, changedAt(list[at], rest, op));
  switch (op.op) {
    case 'add':
      return list.toSpliced(at, 0, op.value);
    case 'remove':
      return list.toSpliced(at, 1);
    case 'replace':
      return list.with(at, op.value);
    case 'test':
      return tested(list, list[at], op);
  }
};

const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const tested = <T extends Json>(whole: T, found: Json | undefined, op: JsonPatchOp & { readonly value: Json }): T => {
  if (found === undefined || !sameJson(found, op.value)) throw misfit(op);
  return whole;
};

const misfit = ({ op, path }: JsonPatchOp): PatchMisfit => new PatchMisfit(`${op} ${path} does not fit`);
