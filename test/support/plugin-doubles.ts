/** Doubles and builders for tests of the kubectl plugin: a cluster in memory, a terminal that remembers, objects. */
import {
  refKey,
  type Deployment,
  type Gvk,
  type KubeObject,
  type Labels,
  type ObjectRef,
} from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { toRfc3339 } from '../../src/values/time.ts';
import { channel } from '../../src/cli/channel.ts';
import type { AnnotationChanges, ClusterClient, Session } from '../../src/cli/session.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { ClusterError } from '../../src/ports/cluster.ts';
import { manualClock, type ManualClock } from '../../src/ports/clock.ts';
import { annotations, marks } from '../../src/schema/annotations.ts';
import type { ReleaseSpec, ReleaseStatus } from '../../src/schema/release.ts';

/** The manual clock's start; ages in expected texts count from here. */
export const start = Date.UTC(2026, 0, 1);
export const at = (seconds: number): string => toRfc3339(start + seconds * 1000);

export const aRelease = (
  over: {
    name?: string;
    namespace?: string;
    spec?: Partial<ReleaseSpec>;
    status?: ReleaseStatus;
    createdAt?: string;
  } = {},
): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: {
    name: over.name ?? 'web-2',
    namespace: over.namespace ?? 'shop',
    uid: `uid-${over.name ?? 'web-2'}`,
    resourceVersion: '1',
    creationTimestamp: over.createdAt ?? at(-180),
  },
  spec: {
    workload: { kind: 'Deployment', name: 'web', uid: 'uid-web' },
    templateHash: 'new',
    stableHash: 'old',
    policy: {},
    ...over.spec,
  },
  ...(over.status === undefined ? {} : { status: over.status }),
});

export const aDeployment = (
  over: { name?: string; namespace?: string; annotations?: Labels; paused?: boolean } = {},
): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: over.name ?? 'web',
    namespace: over.namespace ?? 'shop',
    resourceVersion: '1',
    annotations: over.annotations ?? { [annotations.canary]: 'enabled' },
  },
  spec: {
    ...(over.paused === undefined ? {} : { paused: over.paused }),
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'web:2' }] } },
  },
});

/** A Deployment whose new template is held back for a release. */
export const aHeldDeployment = (release: string, extra: Labels = {}): Deployment => {
  const plain = aDeployment();
  return aDeployment({
    paused: true,
    annotations: {
      [annotations.canary]: 'enabled',
      [marks.stableHash]: 'old',
      [marks.releaseHash]: templateHash(plain.spec.template),
      [marks.release]: release,
      ...extra,
    },
  });
};

export type MemoryCluster = {
  readonly client: ClusterClient;
  /** Creates or replaces an object; watches see it. */
  readonly set: (object: KubeObject | Deployment) => void;
  readonly remove: (ref: ObjectRef) => void;
  readonly read: (ref: ObjectRef) => KubeObject | undefined;
  /** Called for each annotation before it is stored: a webhook, or a failure. What it returns is stored. */
  admit: (object: KubeObject) => KubeObject;
  /** Ends every open watch, with an error when one is given. */
  readonly breakWatches: (error?: ClusterError) => void;
  /** Watches open now. */
  readonly watching: () => number;
  /** Kinds the API server does not serve. */
  readonly unserved: Set<string>;
};

export const releaseRef = (name: string): ObjectRef => ({ gvk: kinds.release, namespace: 'shop', name });
export const deploymentRef = (name: string): ObjectRef => ({ gvk: kinds.deployment, namespace: 'shop', name });

type Watcher = { readonly key: string; readonly events: ReturnType<typeof channel<KubeObject | undefined>> };

const keyOf = (object: KubeObject | Deployment): string => {
  const gvk = Object.values<Gvk>(kinds).find(({ kind }) => kind === object.kind) ?? kinds.deployment;
  const { namespace, name } = object.metadata;
  return refKey({ gvk, ...(namespace === undefined ? {} : { namespace }), name });
};

export const memoryCluster = (...objects: readonly (KubeObject | Deployment)[]): MemoryCluster => {
  const store = new Map<string, KubeObject>();
  const watchers = new Set<Watcher>();
  let version = 10;
  const set = (object: KubeObject | Deployment): void => {
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String((version += 1)) },
    } as KubeObject;
    store.set(keyOf(stored), stored);
    for (const watcher of watchers) if (watcher.key === keyOf(stored)) watcher.events.push(stored);
  };
  const remove = (ref: ObjectRef): void => {
    store.delete(refKey(ref));
    for (const watcher of watchers) if (watcher.key === refKey(ref)) watcher.events.push(undefined);
  };
  async function* observe(ref: ObjectRef, signal: AbortSignal): AsyncGenerator<KubeObject | undefined> {
    const watcher: Watcher = { key: refKey(ref), events: channel() };
    watchers.add(watcher);
    signal.addEventListener('abort', watcher.events.end, { once: true });
    try {
      yield store.get(refKey(ref));
      if (!signal.aborted) yield* watcher.events.values;
    } finally {
      watchers.delete(watcher);
    }
  }
  const annotate = (ref: ObjectRef, changes: AnnotationChanges, uid?: string): KubeObject => {
    const before = store.get(refKey(ref));
    if (before === undefined) throw new ClusterError('not-found', `${ref.name} not found`);
    if (uid !== undefined && uid !== before.metadata.uid)
      throw new ClusterError('conflict', `another object has the name ${ref.name} by now`);
    const all = Object.entries({ ...before.metadata.annotations, ...changes });
    const kept = all.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
    const metadata = { ...before.metadata, annotations: Object.fromEntries(kept) };
    set(cluster.admit({ ...before, metadata }));
    return store.get(refKey(ref))!;
  };
  const cluster: MemoryCluster = {
    client: {
      get: (ref) => Promise.resolve(store.get(refKey(ref))),
      list: (gvk, namespace) =>
        cluster.unserved.has(gvk.kind)
          ? Promise.reject(new ClusterError('not-found', 'the server could not find the requested resource'))
          : Promise.resolve(
              [...store.values()].filter(
                ({ kind, metadata }) =>
                  kind === gvk.kind && (namespace === undefined || metadata.namespace === namespace),
              ),
            ),
      annotate: async (ref, added, uid) => {
        await Promise.resolve();
        return annotate(ref, added, uid);
      },
      observe,
    },
    set,
    remove,
    read: (ref) => store.get(refKey(ref)),
    admit: (object) => object,
    breakWatches: (error) => {
      for (const { events } of watchers)
        if (error === undefined) events.end();
        else events.fail(error);
    },
    watching: () => watchers.size,
    unserved: new Set(),
  };
  for (const object of objects) set(object);
  return cluster;
};

export type MemoryTerminal = Terminal & { readonly stdout: () => string; readonly stderr: () => string };

export const memoryTerminal = (options: { live?: boolean; columns?: number; rows?: number } = {}): MemoryTerminal => {
  const [out, err]: [string[], string[]] = [[], []];
  return {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    live: options.live ?? false,
    size: () => ({ columns: options.columns ?? 200, rows: options.rows ?? 50 }),
    stdout: () => out.join(''),
    stderr: () => err.join(''),
  };
};

export type TestSession = Session & { readonly clock: ManualClock; readonly terminal: MemoryTerminal };

export const aSession = (cluster: MemoryCluster, over: Partial<TestSession> = {}): TestSession => ({
  client: cluster.client,
  namespace: 'shop',
  terminal: memoryTerminal(),
  clock: manualClock(start),
  signal: new AbortController().signal,
  newId: () => 'id-1',
  ...over,
});
