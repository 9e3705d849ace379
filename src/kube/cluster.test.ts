import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { failure, FakeApiServer, type FakeObject } from '../../test/kube/fake-api-server.ts';
import { apiFor, noJitter } from '../../test/kube/kube-kit.ts';
import { memoryLog } from '../../test/kube/memory-log.ts';
import { waitUntil } from '../../test/cluster/wait-until.ts';
import { gvk, type KubeObject, type ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { systemClock } from '../ports/clock.ts';
import { ClusterError, type ClusterChange } from '../ports/cluster.ts';
import type { Api } from './api.ts';
import { connectCluster, type ConnectedCluster } from './cluster.ts';
import { dropBookkeeping, nameOnly } from './trim.ts';
import type { WatchSpec } from './watch-spec.ts';

jest.setTimeout(30_000);

const DEPLOYMENTS = '/apis/apps/v1/deployments';
const SERVICES = '/api/v1/services';
const ROUTES = '/apis/mesh.example/v1/routes';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const route = gvk('mesh.example/v1', 'Route', 'routes');
const web: ObjectRef = { gvk: kinds.deployment, namespace: 'shop', name: 'web' };

let server: FakeApiServer;
let api: Api;
let cluster: ConnectedCluster;
let changes: ClusterChange[];
let log: ReturnType<typeof memoryLog>;

beforeEach(async () => {
  server = (await FakeApiServer.start()).serve(DEPLOYMENTS, SERVICES, CRDS);
});
afterEach(async () => {
  await cluster.stop();
  api.close();
  await server.stop();
});

const connect = (...watch: WatchSpec[]): void => {
  log = memoryLog();
  changes = [];
  api = apiFor(server.url);
  cluster = connectCluster({ api, watch, clock: systemClock, log, random: noJitter });
  cluster.onChange((change) => changes.push(change));
};
const deployment = (name: string, namespace = 'shop', rest: object = {}): FakeObject => ({
  metadata: { name, namespace, ...rest },
  spec: { replicas: 1 },
});
const names = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ metadata: { namespace = '', name } }) => `${namespace}/${name}`);
const told = (): string[] =>
  changes.map(({ type, gvk: { kind }, object }) => `${type} ${kind} ${object.metadata.name}`);
const errorOf = async (work: Promise<unknown>): Promise<ClusterError> => {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!(error instanceof ClusterError)) throw new Error('expected a ClusterError', { cause: error });
  return error;
};
const lastRequest = (method: string): FakeApiServer['requests'][number] =>
  server.requests.filter((request) => request.method === method).at(-1)!;

describe('reading', () => {
  test('is by name and by namespace, from the cache alone', async () => {
    for (const [name, namespace] of [
      ['web', 'shop'],
      ['api', 'shop'],
      ['web', 'bank'],
    ] as const)
      server.put(DEPLOYMENTS, deployment(name, namespace));
    connect({ gvk: kinds.deployment });
    await cluster.ready;
    await waitUntil('the watch', () => server.openWatches() === 1);
    const asked = server.requests.length;
    expect(cluster.get(web)?.metadata.uid).toBe('uid-1');
    expect(cluster.get({ ...web, name: 'nothing' })).toBeUndefined();
    expect(names(cluster.list(kinds.deployment, 'shop'))).toEqual(['shop/web', 'shop/api']);
    expect(names(cluster.list(kinds.deployment))).toEqual(['shop/web', 'shop/api', 'bank/web']);
    expect(cluster.list(kinds.deployment, 'elsewhere')).toEqual([]);
    expect(cluster.serves(kinds.deployment)).toBe(true);
    expect(server.requests).toHaveLength(asked);
  });

  test('several namespaces of one kind are one view', async () => {
    for (const namespace of ['shop', 'bank', 'other']) server.put(DEPLOYMENTS, deployment('web', namespace));
    connect({ gvk: kinds.deployment, namespace: 'shop' }, { gvk: kinds.deployment, namespace: 'bank' });
    await cluster.ready;
    expect(names(cluster.list(kinds.deployment))).toEqual(['shop/web', 'bank/web']);
    expect(cluster.get({ ...web, namespace: 'bank' })).toBeDefined();
    expect(cluster.get({ ...web, namespace: 'other' })).toBeUndefined();
  });

  test('one object of a kind is listed and watched by its name, so that a role may name it', async () => {
    for (const name of ['web', 'api']) server.put(DEPLOYMENTS, deployment(name));
    connect({ gvk: kinds.deployment, namespace: 'shop', name: 'web', trim: nameOnly });
    await cluster.ready;
    await waitUntil('the watch', () => server.openWatches() === 1);
    const selectors = server.requests.map(({ query }) => query.get('fieldSelector'));
    expect(selectors).toEqual(['metadata.name=web', 'metadata.name=web']);
    await cluster.patch({ ...web, name: 'api' }, { type: 'merge', body: { spec: { replicas: 2 } } });
    server.put(DEPLOYMENTS, deployment('web'));
    await waitUntil('the change', () => told().length > 1);
    expect(told()).toEqual(['set Deployment web', 'set Deployment web']);
    expect(cluster.list(kinds.deployment).map(({ spec }) => spec)).toEqual([undefined]);
  });

  test('a kind that nobody watches is a mistake, not an empty list', () => {
    connect({ gvk: kinds.deployment });
    expect(() => cluster.get({ gvk: kinds.service, namespace: 'shop', name: 'web' })).toThrow('not watched');
    expect(() => cluster.list(kinds.service)).toThrow('not watched');
    expect(cluster.serves(kinds.service)).toBe(false);
  });

  test('the same objects cannot be watched twice', () => {
    connect({ gvk: kinds.deployment });
    const twice = [{ gvk: kinds.deployment }, { gvk: kinds.deployment, namespace: 'shop' }];
    expect(() => connectCluster({ api, watch: twice, clock: systemClock, log })).toThrow('watched twice');
  });

  test('cached objects lose what the spec trims and nothing else', async () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'yes' };
    const metadata = { annotations, managedFields: [{ manager: 'kubectl' }] };
    server.put(DEPLOYMENTS, deployment('web', 'shop', metadata));
    server.put(SERVICES, deployment('web', 'shop', metadata));
    connect({ gvk: kinds.deployment }, { gvk: kinds.service, trim: dropBookkeeping });
    await cluster.ready;
    expect(cluster.get(web)?.metadata).toMatchObject({ annotations });
    expect(cluster.get({ ...web, gvk: kinds.service })?.metadata.annotations).toEqual({ mine: 'yes' });
    expect(cluster.get(web)?.metadata).not.toHaveProperty('managedFields');
    expect(cluster.get({ ...web, gvk: kinds.service })?.metadata).not.toHaveProperty('managedFields');
  });
});

describe('being ready', () => {
  test('waits for every kind and says which are missing', async () => {
    server.fault(({ path }) => path === SERVICES, { kind: 'answer', code: 500, body: '' }, 2);
    connect({ gvk: kinds.deployment }, { gvk: kinds.service, namespace: 'shop' });
    expect(cluster.pending()).toEqual(['deployments.apps', 'services in shop']);
    await cluster.ready;
    expect(cluster.pending()).toEqual([]);
  });

  test('is refused when it is stopped before', async () => {
    server.withdraw(SERVICES);
    connect({ gvk: kinds.service });
    const ready = errorOf(cluster.ready);
    await cluster.stop();
    expect((await ready).message).toBe('stopped before every kind was listed');
  });
});

describe('changes', () => {
  test('carry the object before, and the last one of what was removed', async () => {
    server.put(DEPLOYMENTS, deployment('web'));
    connect({ gvk: kinds.deployment });
    await cluster.ready;
    await waitUntil('the watch', () => server.openWatches() === 1);
    server.put(DEPLOYMENTS, { ...deployment('web'), spec: { replicas: 5 } });
    server.remove(DEPLOYMENTS, 'shop', 'web');
    await waitUntil('three changes', () => changes.length === 3);
    expect(changes[1]).toMatchObject({
      type: 'set',
      object: { spec: { replicas: 5 } },
      before: { spec: { replicas: 1 } },
    });
    expect(changes[2]).toMatchObject({ type: 'removed', object: { spec: { replicas: 5 } } });
    expect(cluster.get(web)).toBeUndefined();
  });

  test('a listener that fails harms nobody', async () => {
    connect({ gvk: kinds.deployment });
    const later: string[] = [];
    cluster.onChange(() => {
      throw new Error('a bug');
    });
    cluster.onChange(({ object }) => later.push(object.metadata.name));
    server.put(DEPLOYMENTS, deployment('web'));
    await waitUntil('the second listener', () => later.length === 1);
    expect(log.lines.find(({ level }) => level === 'error')?.message).toBe('listener failed');
  });
});

describe('writes', () => {
  /** Silences the watch, so that reads can only see the responses to writes. */
  const withDeafWatches = async (...specs: WatchSpec[]): Promise<void> => {
    connect(...specs);
    await cluster.ready;
    await waitUntil('the watches', () => server.openWatches() === specs.length);
    server.muteWatches();
    changes.length = 0;
  };
  const object = { ...deployment('web'), apiVersion: 'apps/v1', kind: 'Deployment' } as unknown as KubeObject;

  test('create, patch, replace and remove are seen at once', async () => {
    await withDeafWatches({ gvk: kinds.deployment });
    const created = await cluster.create(object, kinds.deployment);
    expect(cluster.get(web)).toEqual(created);
    await cluster.patch(web, { type: 'merge', body: { spec: { replicas: 2 } } });
    expect(cluster.get(web)?.spec).toEqual({ replicas: 2 });
    await cluster.replace({ ...cluster.get(web)!, spec: { replicas: 3 } }, kinds.deployment);
    expect(cluster.get(web)?.spec).toEqual({ replicas: 3 });
    await cluster.remove(web, created.metadata.uid);
    expect(cluster.get(web)).toBeUndefined();
    expect(told()).toEqual([
      'set Deployment web',
      'set Deployment web',
      'set Deployment web',
      'removed Deployment web',
    ]);
    expect(lastRequest('POST').query.get('fieldManager')).toBe('sluice');
    expect(JSON.parse(lastRequest('DELETE').body)).toMatchObject({ propagationPolicy: 'Background' });
  });

  test('what a selector does not select is written but not kept', async () => {
    await withDeafWatches({ gvk: kinds.deployment, labelSelector: 'mine=yes' });
    await cluster.create(object, kinds.deployment);
    expect(cluster.get(web)).toBeUndefined();
    const labels = { mine: 'yes' };
    await cluster.create({ ...object, metadata: { ...object.metadata, name: 'other', labels } }, kinds.deployment);
    expect(cluster.get({ ...web, name: 'other' })).toBeDefined();
  });

  test('a guard is part of a merge patch and of a JSON patch', async () => {
    server.put(DEPLOYMENTS, deployment('web'));
    await withDeafWatches({ gvk: kinds.deployment });
    const stale = { resourceVersion: '7' };
    const labels = { metadata: { labels: { a: 'b' } } };
    expect((await errorOf(cluster.patch(web, { type: 'merge', body: labels }, stale))).reason).toBe('conflict');
    expect(JSON.parse(lastRequest('PATCH').body)).toEqual({ metadata: { labels: { a: 'b' }, resourceVersion: '7' } });
    server.fault(({ method }) => method === 'PATCH', { kind: 'answer', code: 200, body: deployment('web') });
    await cluster.patch(web, { type: 'json', body: [{ op: 'remove', path: '/spec/paused' }] }, stale);
    expect(JSON.parse(lastRequest('PATCH').body)).toEqual([
      { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
      { op: 'remove', path: '/spec/paused' },
    ]);
    expect(lastRequest('PATCH').headers['content-type']).toBe('application/json-patch+json');
  });

  test('a JSON patch that does not fit the object is a conflict, an invalid result is not', async () => {
    server.put(DEPLOYMENTS, deployment('web'));
    await withDeafWatches({ gvk: kinds.deployment });
    const refuse = (message: string): void =>
      server.fault(({ method }) => method === 'PATCH', {
        kind: 'answer',
        code: 422,
        body: failure(422, 'Invalid', message),
      });
    const patch = (): Promise<unknown> => cluster.patch(web, { type: 'json', body: [{ op: 'remove', path: '/x' }] });
    refuse('the server rejected our request due to an error in our request');
    expect((await errorOf(patch())).reason).toBe('conflict');
    refuse('spec.replicas: Invalid value: -1');
    expect((await errorOf(patch())).reason).toBe('invalid');
  });

  test('a subresource has its own path, and a Scale is not mistaken for the object', async () => {
    server.put(DEPLOYMENTS, deployment('web'));
    await withDeafWatches({ gvk: kinds.deployment });
    const scale = {
      kind: 'Scale',
      metadata: { name: 'web', namespace: 'shop', resourceVersion: '999' },
      spec: { replicas: 9 },
    };
    server.fault(({ path }) => path.endsWith('/web/scale'), { kind: 'answer', code: 200, body: scale });
    const answer = await cluster.patch(
      web,
      { type: 'merge', body: { spec: { replicas: 9 } } },
      { subresource: 'scale' },
    );
    expect(answer).toMatchObject(scale);
    expect(cluster.get(web)?.spec).toEqual({ replicas: 1 });
  });

  test('a replacement without a version, and a namespaced object without a namespace, are refused unsent', async () => {
    await withDeafWatches({ gvk: kinds.deployment });
    const asked = server.requests.length;
    expect((await errorOf(cluster.replace(object, kinds.deployment))).reason).toBe('invalid');
    expect((await errorOf(cluster.fetch({ gvk: kinds.deployment, name: 'web' }))).reason).toBe('invalid');
    expect(server.requests).toHaveLength(asked);
  });

  test('removing what is not there, or has been replaced by another, is no error', async () => {
    server.put(DEPLOYMENTS, deployment('web'));
    await withDeafWatches({ gvk: kinds.deployment });
    expect(await cluster.remove({ ...web, name: 'nothing' })).toBe(false);
    expect(await cluster.remove(web, 'uid-of-its-predecessor')).toBe(false);
    expect(cluster.get(web)).toBeDefined();
    server.fault(({ method }) => method === 'DELETE', {
      kind: 'answer',
      code: 409,
      body: failure(409, 'Conflict', 'x'),
    });
    expect((await errorOf(cluster.remove(web, 'uid-1'))).reason).toBe('conflict');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['removing', () => cluster.remove(web)],
    ['patching', () => cluster.patch(web, { type: 'merge', body: { spec: { replicas: 2 } } })],
    [
      'replacing',
      () => cluster.replace({ ...object, metadata: { ...object.metadata, resourceVersion: '1' } }, kinds.deployment),
    ],
    ['reading', () => cluster.fetch(web)],
  ])('D2: what %s does not find is not in the cache any longer', async (_what, request) => {
    server.put(DEPLOYMENTS, deployment('web'));
    await withDeafWatches({ gvk: kinds.deployment });
    const body = { ...failure(404, 'NotFound', 'not found'), details: { name: 'web', kind: 'deployments' } };
    server.fault(({ path }) => path.includes('/web'), { kind: 'answer', code: 404, body });
    await request().catch(() => undefined);
    expect(cluster.get(web)).toBeUndefined();
  });

  test('a 404 about the kind, or about a subresource, says nothing of the object', async () => {
    server.put(DEPLOYMENTS, deployment('web'));
    await withDeafWatches({ gvk: kinds.deployment });
    const body = { ...failure(404, 'NotFound', 'the server could not find the requested resource'), details: {} };
    server.fault(({ path }) => path.includes('/web'), { kind: 'answer', code: 404, body });
    await cluster.fetch(web);
    expect(cluster.get(web)).toBeDefined();
  });

  test('what is only marked for deletion is still there', async () => {
    const stored = server.put(DEPLOYMENTS, deployment('web'));
    await withDeafWatches({ gvk: kinds.deployment });
    const metadata = { ...stored.metadata, resourceVersion: '500', deletionTimestamp: '2026-01-01T00:00:00Z' };
    server.fault(({ method }) => method === 'DELETE', { kind: 'answer', code: 200, body: { ...stored, metadata } });
    await cluster.remove(web);
    expect(cluster.get(web)?.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
  });

  test('live reads go past the cache', async () => {
    await withDeafWatches({ gvk: kinds.deployment });
    server.put(SERVICES, deployment('web'));
    await expect(cluster.fetch({ ...web, gvk: kinds.service })).resolves.toMatchObject({ kind: 'Service' });
    await expect(cluster.fetch(web)).resolves.toBeUndefined();
    const found = await cluster.fetchList(kinds.service, 'shop', { app: 'web' });
    expect(names(found)).toEqual(['shop/web']);
    expect(lastRequest('GET').query.get('labelSelector')).toBe('app=web');
  });
});

describe('an optional kind', () => {
  const definition = { metadata: { name: 'routes.mesh.example' } };
  const aRoute = { metadata: { name: 'web', namespace: 'shop' } };
  const spec = { gvk: route, optional: true };

  test('that is not installed costs one look at the definitions and nothing more', async () => {
    connect({ gvk: kinds.deployment }, spec);
    await cluster.ready;
    expect(cluster.serves(route)).toBe(false);
    expect(cluster.list(route)).toEqual([]);
    expect(cluster.get({ gvk: route, namespace: 'shop', name: 'web' })).toBeUndefined();
    expect(server.requests.filter(({ path }) => path.startsWith('/apis/mesh.example'))).toEqual([]);
    expect(cluster.pending()).toEqual([]);
  });

  test('that is installed is there when the cluster is ready', async () => {
    server.serve(ROUTES).put(CRDS, definition);
    server.put(ROUTES, aRoute);
    connect(spec);
    await cluster.ready;
    expect(cluster.serves(route)).toBe(true);
    expect(names(cluster.list(route))).toEqual(['shop/web']);
  });

  test('is watched when its definition appears, also when it is served only some moments later', async () => {
    connect(spec);
    await cluster.ready;
    server.put(CRDS, definition);
    await waitUntil('a first attempt', () => server.requests.some(({ path }) => path === ROUTES));
    server.serve(ROUTES).put(ROUTES, aRoute);
    await waitUntil('the kind to be served', () => cluster.serves(route));
    expect(told()).toEqual(['set Route web']);
  });

  test('is forgotten when its definition vanishes, and comes back with it', async () => {
    server.serve(ROUTES).put(CRDS, definition);
    server.put(ROUTES, aRoute);
    connect(spec);
    await cluster.ready;
    await waitUntil('the watches', () => server.openWatches() === 2);
    const turns: (readonly [served: boolean, routes: number])[] = [];
    cluster.onServed((gvk) => turns.push([cluster.serves(gvk), cluster.list(gvk).length]));
    server.remove(CRDS, undefined, definition.metadata.name);
    server.withdraw(ROUTES);
    await waitUntil('the kind to be gone', () => !cluster.serves(route));
    expect(told()).toEqual(['set Route web', 'removed Route web']);
    server.serve(ROUTES).put(CRDS, definition);
    await waitUntil('the kind to be back', () => cluster.serves(route));
    expect(names(cluster.list(route))).toEqual(['shop/web']);
    await waitUntil('both turns to be told', () => turns.length === 2);
    expect(turns).toEqual([
      [false, 0],
      [true, 1],
    ]);
  });

  test('that may not be read does not keep the rest from being ready', async () => {
    server.serve(ROUTES).put(CRDS, definition);
    const fault = { kind: 'answer', code: 403, body: failure(403, 'Forbidden', 'may not list') } as const;
    server.fault(({ path }) => path === ROUTES, fault, 3);
    connect({ gvk: kinds.deployment }, spec);
    await cluster.ready;
    await waitUntil('the kind to be served once it may be read', () => cluster.serves(route));
  });
});
