/** Collects what has lost its owners, what waits for its dependents, and what is left in a namespace that goes. */
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { controlLoop, type ControlLoop } from './control-loop.ts';
import type { MemoryServer } from './memory-server.ts';
import { kindKey } from './served-kinds.ts';
import { refOf } from './write-rules.ts';

export const garbageCollector = (server: MemoryServer): ControlLoop =>
  controlLoop(server, {
    concerns: ({ type, object: { metadata } }) =>
      type === 'removed' || metadata.deletionTimestamp !== undefined || metadata.ownerReferences !== undefined,
    work: () => {
      for (const [gvk, object] of server.everything()) collect(server, gvk, object);
    },
  });

const collect = (server: MemoryServer, gvk: Gvk, { metadata }: KubeObject): void => {
  // What was removed in the meantime is not there any more.
  const object = server.get({ gvk, name: metadata.name, ...(metadata.namespace && { namespace: metadata.namespace }) });
  if (object === undefined) return;
  if (object.metadata.deletionTimestamp !== undefined) finish(server, gvk, object);
  else collectOrphan(server, gvk, object);
};

/** A namespace goes after everything in it, another object after everything that it owns. */
const finish = (server: MemoryServer, gvk: Gvk, { metadata }: KubeObject): void => {
  const isNamespace = kindKey(gvk) === kindKey(kinds.namespace);
  for (const [own, object] of server.everything()) {
    const goesFirst = isNamespace
      ? object.metadata.namespace === metadata.name
      : object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
    if (goesFirst) server.purge(refOf(own, object));
  }
  server.purge({ gvk, name: metadata.name, ...(metadata.namespace && { namespace: metadata.namespace }) });
};

const collectOrphan = (server: MemoryServer, gvk: Gvk, object: KubeObject): void => {
  const { ownerReferences = [] } = object.metadata;
  if (ownerReferences.length === 0) return;
  const live = new Set(server.everything().map(([, { metadata }]) => metadata.uid));
  const gone = ownerReferences.filter(({ uid }) => !live.has(uid));
  if (gone.length === ownerReferences.length) server.purge(refOf(gvk, object));
  else if (gone.length > 0) server.disown(gvk, object, new Set(gone.map(({ uid }) => uid)));
};
