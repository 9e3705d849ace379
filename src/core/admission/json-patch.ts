/** The edits an admission answer may make, as the least JSON Patch (RFC 6902). */
import type { Json, Labels } from '../kube-object.ts';

export type JsonPatchOp =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/** Wanted annotations by key; undefined takes one away. Keys that are not named are left alone. */
export type AnnotationEdits = { readonly [key: string]: string | undefined };

const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** The operations that bring `edits` about on an object that has `current`. Empty when they hold already. */
export const annotationPatch = (current: Labels | undefined, edits: AnnotationEdits): readonly JsonPatchOp[] => {
  const changes = Object.entries(edits).filter(([key, value]) => current?.[key] !== value);
  if (changes.length === 0) return [];
  if (current === undefined) return [{ op: 'add', path: '/metadata/annotations', value: Object.fromEntries(changes) }];
  return changes.map(([key, value]) => {
    const path = `/metadata/annotations/${pointer(key)}`;
    if (value === undefined) return { op: 'remove', path };
    return { op: current[key] === undefined ? 'add' : 'replace', path, value };
  });
};
