/**
 * The garbage collector: deletes objects without owners, objects that waited for their dependents, and the contents of
 * terminating namespaces.
 */
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { controlLoop, type ControlLoop } from './control-loop.ts';
import type { MemoryServer, ServerEvent } from './memory-server.ts';
import { kindKey } from './served-kinds.ts';
import { refOf } from './write-rules.ts';

export const garbageCollector = (server: MemoryServer): ControlLoop => {
  const candidates = new Set<string>();
  /** Deleted owners. Their dependents are looked up during collection. */
  const gone = new Set<string>();
  const note = ({ type, object: { metadata } }: Pick<ServerEvent, 'type' | 'object'>): boolean => {
    const { uid = '', deletionTimestamp, ownerReferences } = metadata;
    if (type === 'removed') gone.add(uid);
    else if (deletionTimestamp !== undefined || ownerReferences !== undefined) candidates.add(uid);
    else return false;
    return true;
  };
  for (const [, object] of server.everything()) note({ type: 'set', object });
  return controlLoop(server, {
    concerns: note,
    work: () => {
      for (const uid of gone) for (const [, { metadata }] of server.dependents(uid)) candidates.add(metadata.uid ?? '');
      const found = server
        .withUids(candidates)
        .map(([gvk, object]) => ({ gvk, object, lost: lostOwners(server, object) }));
      gone.clear();
      candidates.clear();
      for (const one of found) collect(server, one);
    },
  });
};

type Found = {
  readonly gvk: Gvk;
  readonly object: KubeObject;
  /** Owners that were deleted before the pass began. */
  readonly lost: ReadonlySet<string>;
};

const lostOwners = (server: MemoryServer, { metadata: { ownerReferences = [] } }: KubeObject): ReadonlySet<string> =>
  new Set(ownerReferences.filter(({ uid }) => !server.isThere(uid)).map(({ uid }) => uid));

/** Deletes one object. Its dependents follow in the next pass. */
const collect = (server: MemoryServer, { gvk, object, lost }: Found): void => {
  // The object may have been deleted with another one, or has changed and will be processed again.
  if (server.get(refOf(gvk, object)) !== object) return;
  const { deletionTimestamp, ownerReferences = [] } = object.metadata;
  if (deletionTimestamp !== undefined) finish(server, gvk, object);
  if (lost.size === 0) return;
  if (ownerReferences.every(({ uid }) => lost.has(uid))) server.purge(refOf(gvk, object));
  else server.disown(gvk, object, lost);
};

/** Removes a namespace after all of its contents, and any other object after all of its dependents. */
const finish = (server: MemoryServer, gvk: Gvk, object: KubeObject): void => {
  const { name, uid = '' } = object.metadata;
  const isNamespace = kindKey(gvk) === kindKey(kinds.namespace);
  const others = isNamespace ? server.everything(name) : server.dependents(uid);
  for (const [own, other] of others) server.purge(refOf(own, other));
  server.purge(refOf(gvk, object));
};
