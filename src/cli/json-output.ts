import type { KubeObject } from '../values/kube-object.ts';

/** An object as `kubectl -o json` prints it. */
export const objectJson = (object: KubeObject): string => `${JSON.stringify(object, null, 4)}\n`;

/** Several objects as a List, as kubectl prints them. */
export const listJson = (objects: readonly KubeObject[]): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects }, null, 4)}\n`;
