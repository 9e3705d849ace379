/** JSON Pointer (RFC 6901) and the operations of JSON Patch (RFC 6902) that Sluice writes. */
import type { Json } from './kube-object.ts';

export type JsonPatchOp =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/** A key, escaped as one step of a pointer. */
export const pointerStep = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** The pointer to an annotation. */
export const annotationPointer = (key: string): string => `/metadata/annotations/${pointerStep(key)}`;
