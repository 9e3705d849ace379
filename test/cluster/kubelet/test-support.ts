// Builders for the kubelet's tests.
import type { Container, DataObject, Pod } from './kube-types.ts';

/** A pod with one container of the test application. */
export function aPod(over: { metadata?: Partial<Pod['metadata']>; spec?: Partial<Pod['spec']> } = {}): Pod {
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', labels: { app: 'web' }, ...over.metadata },
    spec: { containers: [aContainer()], serviceAccountName: 'default', ...over.spec },
  };
}

export function aContainer(over: Partial<Container> = {}): Container {
  return { name: 'web', image: 'sluice.test/app:v1', ...over };
}

/** A lookup over objects keyed as `configmaps/name` and `secrets/name`; a Secret's values are given as plain text. */
export function lookupOf(objects: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  return (kind: 'configmaps' | 'secrets', name: string): DataObject | undefined => {
    const data = objects[`${kind}/${name}`];
    if (data === undefined) return undefined;
    const encode = (text: string) => (kind === 'secrets' ? Buffer.from(text).toString('base64') : text);
    return { metadata: { name }, data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, encode(v)])) };
  };
}
