/**
 * Run inside a cluster of its own: writes without a pause while the API server is killed and started again, and watches all the
 * while. Prints as JSON what was written and what the watch told. `kube-restart.test.ts` judges.
 */
import { gvk, type KubeObject } from '../../src/values/kube-object.ts';
import { connectApi, type ApiReport } from '../../src/kube/api.ts';
import { clusterWriter } from '../../src/kube/cluster-writer.ts';
import { connectCluster } from '../../src/kube/cluster.ts';
import { holdLease } from '../../src/kube/lease.ts';
import { systemClock, systemElapsed } from '../../src/ports/clock.ts';
import { ClusterError } from '../../src/ports/cluster.ts';
import { attach } from '../cluster/up.ts';
import { Hopeless, waitUntil } from '../cluster/wait-until.ts';
import { inTime } from '../cluster/in-time.ts';

export type RestartReport = {
  /** Last version the API server confirmed, by name; undefined for what was removed. */
  readonly written: Readonly<Record<string, string | null>>;
  /** The same as a listener of changes was told. */
  readonly told: Readonly<Record<string, string | null>>;
  /** What a fresh list says, and what the cache says, as `name@version`. */
  readonly live: readonly string[];
  readonly cached: readonly string[];
  readonly failedWrites: number;
  /** Lists that were answered. */
  readonly lists: number;
  readonly lease: readonly string[];
};

const configMap = gvk('v1', 'ConfigMap', 'configmaps');
const namespace = 'default';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const cluster = await attach();
const reports: ApiReport[] = [];
const connect = (report?: (report: ApiReport) => void): ReturnType<typeof connectApi> =>
  connectApi({
    env: {},
    kubeconfig: cluster.kubeconfig,
    clock: systemClock,
    component: 'test',
    version: '0',
    ...(report === undefined ? {} : { report }),
  });
const api = connect((report) => reports.push(report));
const writerApi = connect();
// Its own writer, so that nothing but the watch can tell the view.
const writer = clusterWriter({
  api: writerApi,
  fieldManager: 'writer',
  seen: { written: () => undefined, gone: () => undefined },
});

const view = connectCluster({
  api,
  watch: [{ gvk: configMap, namespace, labelSelector: 'load=yes' }],
  clock: systemClock,
  log: silent,
});
const told: Record<string, string | null> = {};
view.onChange(({ type, object: { metadata } }) => {
  told[metadata.name] = type === 'set' ? (metadata.resourceVersion ?? '') : null;
});
await inTime('the first lists', view.ready);
const lease: string[] = [];
const holder = holdLease({
  api: writerApi,
  follow: () => undefined,
  namespace,
  name: 'restart',
  identity: 'me',
  clock: systemClock,
  elapsed: systemElapsed,
  log: silent,
  onGained: () => lease.push('gained'),
  onLost: () => lease.push('lost'),
});

const written: Record<string, string | null> = {};
let failedWrites = 0;
/** A write whose answer is lost may have happened: it is repeated until an answer says how it stands. */
const insist = async <T>(write: () => Promise<T>, done: T): Promise<T> => {
  const attempt = async (): Promise<{ readonly value: T }> => {
    try {
      return { value: await write() };
    } catch (error) {
      if (!(error instanceof ClusterError)) throw new Hopeless(String(error), { cause: error });
      if (error.reason === 'already-exists') return { value: done };
      failedWrites += 1;
      throw error;
    }
  };
  return (await waitUntil('a write to be taken', attempt, { everyMs: 20 })).value;
};

const cycle = async (number: number): Promise<void> => {
  const name = `load-${number}`;
  const ref = { gvk: configMap, namespace, name };
  const labels = { load: 'yes' };
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } };
  const nothing: KubeObject = object;
  await insist(() => writer.create(object, configMap), nothing);
  const patch = { type: 'merge', body: { data: { number: String(number) } } } as const;
  const patched = await insist(() => writer.patch(ref, patch), nothing);
  written[name] = patched.metadata.resourceVersion ?? null;
  // Every third one goes again, so that removals during the outage are among them.
  const victim = `load-${number - 2}`;
  if (number % 3 !== 0 || written[victim] === undefined) return;
  await insist(() => writer.remove({ ...ref, name: victim }), undefined);
  written[victim] = null;
};

const state = { writing: true, next: 1 };
const writing = (async () => {
  while (state.writing) {
    await cycle(state.next);
    state.next += 1;
  }
})();
const passed = (count: number): Promise<void> => {
  const goal = state.next + count;
  return waitUntil(`${count} more writes`, () => state.next >= goal, { withinMs: 120_000 }).then(() => undefined);
};

await passed(30);
for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  await cluster.component('kube-apiserver').stop(signal);
  await cluster.component('kube-apiserver').start();
  await passed(30);
}
state.writing = false;
await inTime('the last writes', writing);

const same = (a: string | null, b: string | null | undefined): boolean => a === b || (a === null && b === undefined);
const toldAll = (): boolean => Object.entries(written).every(([name, version]) => same(version, told[name]));
// Whether it has is for the test to judge, with the report before its eyes.
await waitUntil('the watch to have told everything', toldAll).catch(() => undefined);
const texts = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ''}`).sort();
const report: RestartReport = {
  written,
  told,
  live: texts(await writer.fetchList(configMap, namespace, { load: 'yes' })),
  cached: texts(view.list(configMap)),
  failedWrites,
  lists: reports.filter(({ verb, code }) => verb === 'GET' && code === 200).length,
  lease: [...lease],
};
await holder.stop();
await view.stop();
api.close();
writerApi.close();
process.stdout.write(JSON.stringify(report));
