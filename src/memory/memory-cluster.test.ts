import { describe, expect, it } from '@jest/globals';
import { gvk, type KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { manualClock } from '../ports/clock.ts';
import { ClusterError, type Patch } from '../ports/cluster.ts';
import { conflict, faultAt, type Fault } from './faults.ts';
import type { MemoryCluster } from './memory-client.ts';
import { connectMemory } from './memory-cluster.ts';
import { MemoryServer } from './memory-server.ts';

const configMap = gvk('v1', 'ConfigMap', 'configmaps');
const at = { gvk: configMap, namespace: 'shop', name: 'one' };
const one: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'shop' } };
const labelled = (n: string): Patch => ({ type: 'merge', body: { metadata: { labels: { n } } } });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const aServer = (): MemoryServer => {
  const server = new MemoryServer({ clock: manualClock() });
  server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, kinds.namespace, { user: 'test' });
  return server;
};
const connect = (server: MemoryServer): MemoryCluster => connectMemory({ server, watch: [{ gvk: configMap }] });
const labelIn = (cluster: MemoryCluster): string | undefined => cluster.get(at)?.metadata.labels?.['n'];

describe('a watch that is held', () => {
  it('keeps the cache behind, but for what the client writes itself', async () => {
    const server = aServer();
    const [behind, ahead] = [connect(server), connect(server)];
    await ahead.create(one, configMap);
    await turn();
    behind.hold();
    await ahead.patch(at, labelled('1'));
    await turn();
    expect(labelIn(behind)).toBeUndefined();
    await behind.patch(at, labelled('2'));
    await ahead.patch(at, labelled('3'));
    await turn();
    expect(labelIn(behind)).toBe('2');
    expect(behind.deliver(2)).toBe(1);
    expect(labelIn(behind)).toBe('2');
    behind.flow();
    await turn();
    expect(labelIn(behind)).toBe('3');
  });

  it('has stale writes refused', async () => {
    const server = aServer();
    const [behind, ahead] = [connect(server), connect(server)];
    await ahead.create(one, configMap);
    await turn();
    behind.hold();
    await ahead.patch(at, labelled('1'));
    const { resourceVersion = '' } = behind.get(at)?.metadata ?? {};
    await expect(behind.patch(at, labelled('2'), { resourceVersion })).rejects.toMatchObject({ reason: 'conflict' });
  });
});

describe('a fault', () => {
  it.each<readonly [string, Fault, string, boolean]>([
    ['conflict is told, and nothing is stored', conflict, 'conflict', false],
    ['refusal is told in its words', { kind: 'refusal', reason: 'forbidden', words: 'no' }, 'forbidden', false],
    ['time-out leaves the write undone', { kind: 'time-out' }, 'unreachable', false],
    ['lost answer leaves it done', { kind: 'lost-answer' }, 'unreachable', true],
  ])('%s', async (_what, fault, reason, stored) => {
    const server = aServer();
    const cluster = connect(server);
    cluster.plan(faultAt(0, fault));
    const error: unknown = await cluster.create(one, configMap).catch((told: unknown) => told);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      reason,
      message: expect.stringContaining('create configmaps shop/one: ') as unknown,
    });
    expect(server.get(at) !== undefined).toBe(stored);
    await turn();
    expect(cluster.get(at) !== undefined).toBe(stored);
    expect(cluster.writes).toEqual([{ verb: 'create', ref: at, index: 0 }]);
  });

  it.each<readonly [Fault['kind'], boolean]>([
    ['cut-before', false],
    ['cut-after', true],
  ])('%s ends the client: no answer, no change, no write comes of it any more', async (kind, stored) => {
    const server = aServer();
    const [dead, alive] = [connect(server), connect(server)];
    const told: string[] = [];
    dead.onChange(({ type }) => told.push(type));
    dead.plan(faultAt(0, { kind } as Fault));
    const answers: unknown[] = [];
    const note = (answer: unknown): void => void answers.push(answer);
    dead.create(one, configMap).then(note, note);
    await turn();
    expect([dead.killed, server.get(at) !== undefined]).toEqual([true, stored]);
    dead.create({ ...one, metadata: { ...one.metadata, name: 'two' } }, configMap).then(note, note);
    dead.fetch(at).then(note, note);
    await alive.create({ ...one, metadata: { ...one.metadata, name: 'three' } }, configMap);
    await turn();
    expect([answers, told]).toEqual([[], []]);
    expect(server.list(configMap).map(({ metadata }) => metadata.name)).toEqual([...(stored ? ['one'] : []), 'three']);
  });
});

describe('admission', () => {
  it('sees every write with its author, changes it, and refuses it', async () => {
    const server = aServer();
    const seen: string[] = [];
    server.admission = ({ operation, author, object, oldObject, ref, subresource }) => {
      seen.push(
        [operation, author.user, ref.name, subresource ?? '-', oldObject === undefined ? 'new' : 'old'].join(' '),
      );
      if (object?.metadata.labels?.['n'] === 'no') throw new ClusterError('forbidden', 'not this one');
      return object && { ...object, metadata: { ...object.metadata, annotations: { by: 'admission' } } };
    };
    const cluster = connectMemory({ server, watch: [], author: { user: 'alice' } });
    await expect(cluster.create(one, configMap)).resolves.toMatchObject({
      metadata: { annotations: { by: 'admission' } },
    });
    await expect(cluster.patch(at, labelled('no'))).rejects.toMatchObject({
      reason: 'forbidden',
      message: 'not this one',
    });
    await cluster.remove(at);
    expect(seen).toEqual(['CREATE alice one - new', 'UPDATE alice one - old', 'DELETE alice one - old']);
  });
});

it('nobody can change what is stored by changing what was read', async () => {
  const cluster = connect(aServer());
  const stored = await cluster.create({ ...one, spec: { list: [] } }, configMap);
  expect(() => (stored.spec?.['list'] as unknown[]).push(1)).toThrow(TypeError);
});
