import type { KubeObject } from '../values/kube-object.ts';

/** One object as kubectl prints it with `-o json`. */
export const objectJson = (object: KubeObject): string => `${JSON.stringify(object, null, 4)}\n`;

/** Several objects, as the List that kubectl prints. */
export const listJson = (objects: readonly KubeObject[]): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects }, null, 4)}\n`;
