/** The edits an admission answer may make, as the least JSON Patch (RFC 6902). */
import { isDeepStrictEqual } from 'node:util';
import { pointerStep, type JsonPatchOp } from '../../values/json-pointer.ts';
import type { JsonObject, KubeObject, Labels } from '../../values/kube-object.ts';

/** Wanted annotations by key; undefined takes one away. Keys that are not named are left alone. */
export type AnnotationEdits = { readonly [key: string]: string | undefined };

/** The operations that bring `edits` about on an object that has `current`. Empty when they hold already. */
export const annotationPatch = (current: Labels | undefined, edits: AnnotationEdits): readonly JsonPatchOp[] => {
  const changes = Object.entries(edits).filter(([key, value]) => current?.[key] !== value);
  if (changes.length === 0) return [];
  if (current === undefined) return [{ op: 'add', path: '/metadata/annotations', value: Object.fromEntries(changes) }];
  return changes.map(([key, value]) => {
    const path = `/metadata/annotations/${pointerStep(key)}`;
    if (value === undefined) return { op: 'remove', path };
    return { op: current[key] === undefined ? 'add' : 'replace', path, value };
  });
};

/** The operations that make `to` of `from` where they differ in annotations and in fields of the spec. */
export const objectPatch = (from: KubeObject, to: KubeObject): readonly JsonPatchOp[] => [
  ...mapPatch('/metadata', 'annotations', from.metadata.annotations, to.metadata.annotations),
  ...fieldsPatch('/spec', from.spec ?? {}, to.spec ?? {}),
];

/** A map that is there or not, and never empty by accident: what was absent is to be absent again. */
const mapPatch = (
  parent: string,
  name: string,
  from: JsonObject | undefined,
  to: JsonObject | undefined,
): readonly JsonPatchOp[] => {
  if (to !== undefined && from !== undefined) return fieldsPatch(`${parent}/${name}`, from, to);
  if (to !== undefined) return [{ op: 'add', path: `${parent}/${name}`, value: to }];
  return from === undefined ? [] : [{ op: 'remove', path: `${parent}/${name}` }];
};

const fieldsPatch = (path: string, from: JsonObject, to: JsonObject): readonly JsonPatchOp[] =>
  [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key): readonly JsonPatchOp[] => {
    const [was, is] = [from[key], to[key]];
    if (isDeepStrictEqual(was, is)) return [];
    const at = `${path}/${pointerStep(key)}`;
    if (is === undefined) return [{ op: 'remove', path: at }];
    return [{ op: was === undefined ? 'add' : 'replace', path: at, value: is }];
  });
