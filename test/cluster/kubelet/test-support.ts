// Builders and waits for the kubelet's tests.
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Polls until `look` returns something other than undefined; fails with `what` and the last answer after `withinMs`. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  withinMs = 120_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let trouble: unknown;
  while (Date.now() < deadline) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      trouble = error;
    }
    await sleep(100);
  }
  throw new Error(`${what}: not within ${withinMs} ms`, { cause: trouble });
}
