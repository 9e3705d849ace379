/** The edits of an admission answer as a minimal JSON Patch (RFC 6902). */
import { isDeepStrictEqual } from 'node:util';
import { pointerStep, type JsonPatchOp } from '../../values/json-pointer.ts';
import type { JsonObject, KubeObject, Labels } from '../../values/kube-object.ts';

/** Annotations to set, by key; undefined removes one. Other keys stay. */
export type AnnotationEdits = { readonly [key: string]: string | undefined };

/** The operations that apply `edits` to the annotations `current`. Empty if nothing changes. */
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

/** The operations that turn `from` into `to`, for annotations and top-level fields of the spec. */
export const objectPatch = (from: KubeObject, to: KubeObject): readonly JsonPatchOp[] => [
  ...mapPatch('/metadata', 'annotations', from.metadata.annotations, to.metadata.annotations),
  ...fieldsPatch('/spec', from.spec ?? {}, to.spec ?? {}),
];

/** Removes the map when `to` has none, instead of leaving it empty. */
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
