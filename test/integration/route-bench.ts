/** A provider against a real API server: what the controller does with its changes, and users with their routes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { refKey, type Gvk, type KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Split } from '../../src/values/split.ts';
import { connectApi, type Api } from '../../src/kube/api.ts';
import { clusterWriter } from '../../src/kube/cluster-writer.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { ClusterWriter } from '../../src/ports/cluster.ts';
import type { Change, Live, Target, TrafficRunner } from '../../src/ports/traffic.ts';
import { apiVersion, fieldManager } from '../../src/schema/names.ts';
import { crds } from '../../src/manifests/crds.ts';
import { viewOf, wholeSplit } from '../contract/traffic-world.ts';
import type { Cluster } from '../cluster/cluster.ts';

export type Bench = {
  readonly cluster: Cluster;
  readonly writer: ClusterWriter;
  readonly namespace: string;
  readonly target: Target;
  /** The live routes of the namespace, read past any cache. */
  readonly live: (provider: TrafficRunner) => Promise<Live>;
  /** A number alone is a weight. */
  readonly render: (provider: TrafficRunner, asked: number | Split) => Promise<readonly Change[]>;
  readonly restore: (provider: TrafficRunner) => Promise<readonly Change[]>;
  /** Runs kubectl in the namespace; rejects with its words when it fails. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  readonly close: () => Promise<void>;
};

const release = (namespace: string): KubeObject => ({
  apiVersion,
  kind: 'Release',
  metadata: { name: 'web-1', namespace },
  spec: {
    workload: { kind: 'Deployment', name: 'web', uid: '0000' },
    templateHash: 'b',
    stableHash: 'a',
    policy: {},
  },
});

const targetIn = (namespace: string, uid: string): Target => ({
  namespace,
  workload: 'web',
  apex: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }], clusterIP: '10.96.0.10' },
  },
  canaryService: 'web-canary',
  release: { name: 'web-1', uid },
  behind: { labels: { app: 'web', track: 'v1' }, selector: { app: 'web' }, others: [] },
});

const change = async (writer: ClusterWriter, one: Change): Promise<void> => {
  if (one.op === 'create') await writer.create(one.body, one.ref.gvk);
  else if (one.op === 'replace') await writer.replace(one.body, one.ref.gvk);
  else await writer.remove(one.ref, one.uid);
};

const connect = (cluster: Cluster, user: string | undefined): Api =>
  connectApi({
    env: {},
    kubeconfig: cluster.kubeconfig,
    clock: systemClock,
    component: 'test',
    version: '0',
    ...(user === undefined ? {} : { impersonate: { user, groups: ['system:masters'] } }),
  });

type BenchOptions = {
  /** Who renders and restores; the administrator unless set. */
  readonly user?: string;
  /** The namespace is there already, and somebody else takes it away. */
  readonly guest?: boolean;
};

/** A namespace of its own, with a real Release in it to own what is generated. */
export const openBench = async (
  cluster: Cluster,
  namespace: string,
  { user, guest = false }: BenchOptions = {},
): Promise<Bench> => {
  const api = connect(cluster, user);
  const writer = clusterWriter({ api, fieldManager, seen: { written: () => undefined, gone: () => undefined } });
  const kubectl: Bench['kubectl'] = async (args, input = '') => {
    const { code, stdout, stderr } = await cluster.run('kubectl', ['-n', namespace, ...args], { input });
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  await cluster.apply([...crds()]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=120s', 'crd/releases.sluice.dev']);
  if (!guest) await kubectl(['create', 'namespace', namespace]);
  const { metadata } = await writer.create(release(namespace), kinds.release);
  const target = targetIn(namespace, metadata.uid ?? '');
  const live: Bench['live'] = async (provider) => {
    const lists = await Promise.all(
      provider.uses.map(async ({ gvk }) => (await writer.fetchList(gvk, namespace, {})).map((o) => [gvk, o] as const)),
    );
    const stored = new Map(lists.flat().map(([gvk, o]) => [keyOf(gvk, o), o]));
    return provider.shown(target, viewOf(provider, stored));
  };
  const run = async (changes: readonly Change[]): Promise<readonly Change[]> => {
    for (const one of changes) await change(writer, one);
    return changes;
  };
  return {
    cluster,
    writer,
    namespace,
    target,
    live,
    render: async (provider, asked) => run(provider.render(target, wholeSplit(asked), await live(provider))),
    restore: async (provider) => run(provider.restore(target, await live(provider))),
    kubectl,
    close: async () => {
      if (!guest) await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      api.close();
    },
  };
};

const keyOf = (gvk: Gvk, { metadata: { name, namespace } }: KubeObject): string =>
  refKey(namespace === undefined ? { gvk, name } : { gvk, namespace, name });

/** Byte for byte what a user would see, without what the API server counts. */
export const bytes = (live: Live): string =>
  JSON.stringify(
    [...live.values()].map(({ metadata: { resourceVersion: _v, generation: _g, ...metadata }, ...rest }) => ({
      ...rest,
      metadata,
    })),
  );

type Golden = { readonly live: readonly KubeObject[]; readonly problems?: unknown; readonly restored?: unknown };

/** The routes of a provider's golden files, as one manifest for a namespace. Each keeps its spec and gets a name of its own. */
export const goldenRoutes = (folder: string, namespace: string): readonly KubeObject[] => {
  const path = join(import.meta.dirname, '../fixtures/traffic', folder);
  return readdirSync(path).flatMap((file) => {
    const text = readFileSync(join(path, file), 'utf8').replaceAll(/\bshop\b/g, namespace);
    const { live, problems, restored } = parse(text) as Golden;
    if (problems !== undefined || restored !== undefined) return [];
    return live.map((route, index) => ({
      ...route,
      metadata: { ...route.metadata, name: `${file.replace('.yaml', '')}-${index}` },
    }));
  });
};
