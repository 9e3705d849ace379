/** A cluster as a text in which nothing is left that another run of the same story may have different. */
import type { KubeObject } from '../../src/values/kube-object.ts';
import type { MemoryServer } from '../../src/memory/memory-server.ts';

const compared: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'Service', 'VirtualService', 'Release']);

/** How far the history has been told depends on when the controller was killed; that it is told does not. */
const notCompared: ReadonlySet<string> = new Set(['observedGeneration', 'historyToldThrough']);

const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
/** Named after a generation, which counts the writes, too. */
const generated = /\bweb-\d+\b(?=["\s:,-])/g;

const withoutBookkeeping = (object: KubeObject): object => {
  const { resourceVersion: _v, uid: _u, generation: _g, ...metadata } = object.metadata;
  return { ...object, metadata };
};

/** Every object that people see, under a name that says which it is. */
export const snapshot = (server: MemoryServer): Readonly<Record<string, object>> => {
  const all = server.everything().filter(([gvk]) => compared.has(gvk.kind));
  const uids = new Map(all.map(([, { kind, metadata }]) => [metadata.uid ?? '', `uid of ${kind} ${metadata.name}`]));
  const known = all.map(([, object]) => {
    let text = JSON.stringify(withoutBookkeeping(object), (key, value: unknown) =>
      notCompared.has(key) ? undefined : value,
    );
    for (const [uid, name] of uids) text = text.replaceAll(uid, name);
    const normal = text.replace(time, 'TIME').replace(generated, 'web-N');
    const key = `${object.kind} ${object.metadata.name}`.replace(/ web-\d+\b/, ' web-N');
    return [key, JSON.parse(normal) as object] as const;
  });
  const counted = new Map<string, number>();
  return Object.fromEntries(
    known
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, object]) => {
        const n = (counted.get(key) ?? 0) + 1;
        counted.set(key, n);
        return [n === 1 ? key : `${key} (${n})`, object];
      }),
  );
};
