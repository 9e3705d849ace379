/**
 * Run inside a cluster of its own: 200 releases ask a metric source that takes connections and never answers. One after the
 * other some of them are aborted, and one is aborted by putting the earlier version back. Prints as JSON how long each took.
 * `cluster-hanging-source.test.ts` judges.
 */
import { createServer } from 'node:net';
import { kinds } from '../../src/schema/kinds.ts';
import type { JsonObject } from '../../src/values/kube-object.ts';
import { inTime } from '../cluster/in-time.ts';
import { listen } from '../cluster/listen.ts';
import { app, service } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

export type HangingSourceReport = {
  readonly underWay: number;
  /** Connections that wait for an answer while aborts are asked for. */
  readonly asked: number;
  /** From the answer to the write that puts the earlier version back to the write that records the abort, as a watch sees both. */
  readonly abortMs: readonly number[];
};

const count = 200;
const aborts = 10;
const names = Array.from({ length: count }, (_, i) => `web${i}`);
const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1s',
};
const deployment = (name: string, version: string): object => app({ name, version, replicas: 1, annotations });

let connections = 0;
const source = createServer((socket) => {
  connections += 1;
  socket.on('error', () => socket.destroy());
});
const port = await listen(source);

const stage = await Stage.set('hanging-source');
await stage.sluice({ prometheus: `http://127.0.0.1:${port}` });
await stage.apply(...names.flatMap((name) => [service(name), deployment(name, 'v1')]));
await stage.until('every workload to serve', () =>
  names.every((name) => stage.deployment(name)?.status?.['availableReplicas'] === 1),
);
await stage.apply(...names.map((name) => deployment(name, 'v2')));
const isUnderWay = (name: string): boolean => {
  const status = stage.release(name)?.status;
  return status?.phase === 'Progressing' && status.splitInPlaceAt !== undefined;
};
await stage.until('every release to be under way', () => names.every(isUnderWay));
await stage.until('the source to be asked', () => connections > 0);

const template = (name: string, version: string): JsonObject =>
  (deployment(name, version) as { readonly spec: { readonly template: JsonObject } }).spec.template;

const abort = async (name: string): Promise<number> => {
  const ended = new Promise<number>((resolve) => {
    stage.view.onChange(({ object }) => {
      const status = object.status as { readonly ending?: object } | undefined;
      const of = (object.spec?.['workload'] as { readonly name?: string } | undefined)?.name;
      if (of === name && status?.ending !== undefined) resolve(performance.now());
    });
  });
  const ref = { gvk: kinds.deployment, namespace: stage.namespace, name };
  await stage.view.patch(ref, { type: 'merge', body: { spec: { template: template(name, 'v1') } } });
  const start = performance.now();
  const at = await inTime(`the abort of ${name}`, ended);
  return Math.max(0, at - start);
};

const abortMs: number[] = [];
for (const name of names.slice(0, aborts)) abortMs.push(await abort(name));
const report: HangingSourceReport = { underWay: names.filter(isUnderWay).length, asked: connections, abortMs };
process.stdout.write(JSON.stringify(report));
await stage.teardown();
process.exit(0);
