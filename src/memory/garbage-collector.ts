/** Collects what has lost its owners, what waits for its dependents, and what is left in a namespace that goes. */
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { controlLoop, type ControlLoop } from './control-loop.ts';
import type { MemoryServer } from './memory-server.ts';
import { kindKey } from './served-kinds.ts';
import { refOf } from './write-rules.ts';

export const garbageCollector = (server: MemoryServer): ControlLoop =>
  controlLoop(server, {
    concerns: ({ type, object: { metadata }, before }) =>
      type === 'removed' ||
      metadata.deletionTimestamp !== undefined ||
      metadata.ownerReferences !== before?.metadata.ownerReferences,
    work: () => {
      const all = server.everything();
      const live = new Set(all.map(([, { metadata }]) => metadata.uid));
      for (const [gvk, object] of all) collect(server, { gvk, object }, live);
    },
  });

type Found = { readonly gvk: Gvk; readonly object: KubeObject };

/** What goes has everything looked at again. */
const collect = (server: MemoryServer, { gvk, object }: Found, live: ReadonlySet<string | undefined>): void => {
  // It may be gone with something else by now.
  if (server.get(refOf(gvk, object)) !== object) return;
  const { deletionTimestamp, ownerReferences = [] } = object.metadata;
  if (deletionTimestamp !== undefined) finish(server, gvk, object);
  const gone = ownerReferences.filter(({ uid }) => !live.has(uid));
  if (gone.length === 0) return;
  if (gone.length === ownerReferences.length) server.purge(refOf(gvk, object));
  else server.disown(gvk, object, new Set(gone.map(({ uid }) => uid)));
};

/** A namespace goes after everything in it, another object after everything that it owns. */
const finish = (server: MemoryServer, gvk: Gvk, object: KubeObject): void => {
  const { metadata } = object;
  const isNamespace = kindKey(gvk) === kindKey(kinds.namespace);
  for (const [own, other] of server.everything()) {
    const goesFirst = isNamespace
      ? other.metadata.namespace === metadata.name
      : other.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
    if (goesFirst) server.purge(refOf(own, other));
  }
  server.purge(refOf(gvk, object));
};
