/** What whoever stands behind the cluster port promises: the real API server, and the one in memory. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { apiVersionOf, gvk, type Gvk, type JsonObject, type KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { ClusterError, type Cluster, type Patch, type WriteOptions } from '../../src/ports/cluster.ts';
import { definitionOf } from '../../src/memory/served-kinds.ts';
import { service } from '../support/manifests.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { kubernetesBehind } from './cluster-controllers.ts';

const until = <T>(check: () => T | undefined | false, what: string, withinMs = 30_000): Promise<T> =>
  waitUntil(what, check, { withinMs });

export type SuiteWatch = {
  readonly gvk: Gvk;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly optional?: boolean;
};

export type ClusterSubject = {
  /** A namespace that is there, and that nobody else works in. */
  readonly namespace: string;
  /** Another view of the same cluster each time, with everything that is asked for in its caches. */
  readonly connect: (watch: readonly SuiteWatch[]) => Promise<Cluster>;
};

const unique = `t${process.pid}`;
const widget = gvk(`${unique}.example.com/v1`, 'Widget', 'widgets');
const configMap = gvk('v1', 'ConfigMap', 'configmaps');
const longest = 90_000;

type Told = { readonly reason: string; readonly message: string };
const errorOf = async (work: Promise<unknown>): Promise<Told> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClusterError)) throw new Error('expected a ClusterError', { cause: error });
  return { reason: error.reason, message: error.message };
};

export const clusterContract = (name: string, prepare: () => Promise<ClusterSubject>): void => {
  describe(`the cluster port of ${name}`, () => {
    let subject: ClusterSubject;
    let namespace: string;
    let cluster: Cluster;
    /** Somebody else, who works on the same objects. */
    let other: Cluster;

    beforeAll(async () => {
      subject = await prepare();
      ({ namespace } = subject);
      const watched = [kinds.deployment, kinds.service, kinds.replicaSet, kinds.pod, kinds.endpointSlice, configMap];
      const specs = watched.map((one) => ({ gvk: one, namespace }));
      const optional = { gvk: widget, namespace, optional: true };
      cluster = await subject.connect([...specs, optional]);
      other = await subject.connect([{ gvk: widget, namespace, optional: true }, { gvk: kinds.crd }]);
      await other.create(definitionOf(widget), kinds.crd);
      await until(() => cluster.serves(widget) && other.serves(widget), 'the kind to be served', longest);
    }, 2 * longest);

    const ref = (kind: Gvk, of: string) => ({ gvk: kind, namespace, name: of });
    /** Not one pod is made of it. */
    const idle = (of: string): KubeObject => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: of, namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: of } },
        template: { metadata: { labels: { app: of } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
      },
    });
    const inNamespace = (object: object): KubeObject => {
      const { metadata, ...rest } = object as KubeObject;
      return { ...rest, metadata: { ...metadata, namespace } };
    };
    const aService = (of: string): KubeObject => inNamespace(service(of));
    const aWidget = (of: string, spec: JsonObject = { size: 1 }): KubeObject => ({
      apiVersion: apiVersionOf(widget),
      kind: 'Widget',
      metadata: { name: of, namespace },
      spec,
    });
    const aMap = (of: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: of, namespace, ...metadata },
    });
    const merge = (body: JsonObject): Patch => ({ type: 'merge', body });
    const status = { subresource: 'status' } as const;

    describe('reading', () => {
      test('sees its own writes at once, and those of others soon', async () => {
        const created = await cluster.create(aService('visible'), kinds.service);
        expect(cluster.get(ref(kinds.service, 'visible'))).toEqual(created);
        await cluster.patch(ref(kinds.service, 'visible'), merge({ metadata: { labels: { by: 'us' } } }));
        expect(cluster.get(ref(kinds.service, 'visible'))?.metadata.labels).toMatchObject({ by: 'us' });
        await other.patch(ref(kinds.service, 'visible'), merge({ metadata: { labels: { by: 'them' } } }));
        await until(
          () => cluster.get(ref(kinds.service, 'visible'))?.metadata.labels?.['by'] === 'them',
          'the write of another',
        );
        await cluster.remove(ref(kinds.service, 'visible'), created.metadata.uid);
        expect(cluster.get(ref(kinds.service, 'visible'))).toBeUndefined();
        expect(cluster.list(kinds.service, namespace).map(({ metadata }) => metadata.name)).not.toContain('visible');
      });

      test('tells of every change, with what was there before', async () => {
        const story: string[] = [];
        cluster.onChange(({ type, object, before }) => {
          if (object.metadata.name !== 'told') return;
          const labelled = (one: KubeObject | undefined): string => one?.metadata.labels?.['n'] ?? '-';
          story.push(`${type} ${labelled(before)} ${labelled(object)}`);
        });
        const created = await other.create(aMap('told'), configMap);
        await until(() => story.length === 1, 'the creation');
        await cluster.patch(ref(configMap, 'told'), merge({ metadata: { labels: { n: '1' } } }));
        await other.patch(ref(configMap, 'told'), merge({ metadata: { labels: { n: '2' } } }));
        await until(() => story.length === 3, 'two changes');
        await other.remove(ref(configMap, 'told'), created.metadata.uid);
        await until(() => story.length === 4, 'the removal');
        expect(story).toEqual(['set - -', 'set - 1', 'set 1 2', 'removed - 2']);
      });

      test('of a selection loses what no longer belongs to it', async () => {
        const view = await subject.connect([{ gvk: configMap, namespace, labelSelector: 'mine=yes' }]);
        await other.create(aMap('one', { labels: { mine: 'yes' } }), configMap);
        await other.create(aMap('two', { labels: { mine: 'no' } }), configMap);
        await until(() => view.list(configMap).length === 1, 'the one that is selected');
        await view.patch(ref(configMap, 'one'), merge({ metadata: { labels: { mine: 'no' } } }));
        expect(view.list(configMap)).toEqual([]);
        await other.patch(ref(configMap, 'two'), merge({ metadata: { labels: { mine: 'yes' } } }));
        await until(() => view.list(configMap).length === 1, 'the other');
      });

      test('of a kind that nobody watches is a mistake, and says so', () => {
        expect(() => cluster.list(kinds.secret)).toThrow('Secret (/v1) is read but not watched');
        expect(cluster.serves(kinds.secret)).toBe(false);
      });

      test('past the cache finds what is there, by name and by labels', async () => {
        await cluster.create(aMap('live', { labels: { set: 'a' } }), configMap);
        await expect(cluster.fetch(ref(configMap, 'live'))).resolves.toMatchObject({ metadata: { name: 'live' } });
        await expect(cluster.fetch(ref(configMap, 'nothing'))).resolves.toBeUndefined();
        const found = await cluster.fetchList(configMap, namespace, { set: 'a' });
        expect(found.map(({ metadata, kind }) => `${kind} ${metadata.name}`)).toEqual(['ConfigMap live']);
        await expect(cluster.fetchList(configMap, namespace, { set: 'b' })).resolves.toEqual([]);
      });
    });

    describe('versions and generations', () => {
      const generation = ({ metadata }: KubeObject): number | undefined => metadata.generation;

      test('a write that changes nothing is not stored', async () => {
        const created = await cluster.create(aWidget('same'), widget);
        const again = await cluster.patch(ref(widget, 'same'), merge({ spec: { size: 1 } }));
        expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
        const changed = await cluster.patch(ref(widget, 'same'), merge({ spec: { size: 2 } }));
        expect(changed.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
        expect(changed.metadata.uid).toBe(created.metadata.uid);
      });

      test('of a Deployment, changes of spec and annotations count, of labels and status do not', async () => {
        const name = 'counted';
        expect(generation(await cluster.create(idle(name), kinds.deployment))).toBe(1);
        const at = ref(kinds.deployment, name);
        const annotated = { metadata: { annotations: { a: '1' } } };
        expect(generation(await cluster.patch(at, merge({ spec: { replicas: 0, paused: true } })))).toBe(2);
        expect(generation(await cluster.patch(at, merge({ metadata: { labels: { a: '1' } } })))).toBe(2);
        expect(generation(await cluster.patch(at, merge(annotated)))).toBe(3);
        const later = { metadata: { annotations: { a: '2' } } };
        expect(generation(await cluster.patch(at, merge(later), status))).toBe(3);
        expect(generation(await cluster.patch(at, merge({ spec: { paused: null } })))).toBe(4);
      });

      test('of a custom kind, only changes of the spec count', async () => {
        const at = ref(widget, 'custom');
        expect(generation(await cluster.create(aWidget('custom'), widget))).toBe(1);
        expect(generation(await cluster.patch(at, merge({ metadata: { annotations: { a: '1' } } })))).toBe(1);
        expect(generation(await cluster.patch(at, merge({ status: { phase: 'New' } }), status))).toBe(1);
        expect(generation(await cluster.patch(at, merge({ spec: { size: 2 } })))).toBe(2);
      });
    });

    describe('the status', () => {
      test('of a Deployment is written apart, and annotations may go in with it', async () => {
        const at = ref(kinds.deployment, 'apart');
        await cluster.create({ ...idle('apart'), status: { replicas: 7 } }, kinds.deployment);
        const outside = await cluster.patch(
          at,
          merge({ status: { collisionCount: 7 }, metadata: { labels: { l: '1' } } }),
        );
        expect(outside.status ?? {}).not.toHaveProperty('collisionCount');
        const body = {
          metadata: { annotations: { mark: 'yes' }, labels: { l: '2' } },
          spec: { paused: true },
          status: { collisionCount: 7 },
        };
        const inside = await cluster.patch(at, merge(body), status);
        expect(inside.spec).not.toHaveProperty('paused');
        expect(inside.status).toHaveProperty('collisionCount', 7);
        expect(inside.metadata).toMatchObject({ annotations: { mark: 'yes' }, labels: { l: '1' } });
      });

      test('of a custom kind is written apart, and nothing else goes in with it', async () => {
        const at = ref(widget, 'apart');
        const created = await cluster.create({ ...aWidget('apart'), status: { phase: 'Sent' } }, widget);
        expect(created).not.toHaveProperty('status');
        const outside = await cluster.patch(at, merge({ spec: { size: 2 }, status: { phase: 'Outside' } }));
        expect(outside).not.toHaveProperty('status');
        const body = { metadata: { annotations: { a: '1' } }, spec: { size: 3 }, status: { phase: 'Inside' } };
        const inside = await cluster.patch(at, merge(body), status);
        expect(inside).toMatchObject({ spec: { size: 2 }, status: { phase: 'Inside' } });
        expect(inside.metadata).not.toHaveProperty('annotations');
        const replaced = await cluster.replace({ ...inside, spec: { size: 4 }, status: { phase: 'Replaced' } }, widget);
        expect(replaced).toMatchObject({ spec: { size: 4 }, status: { phase: 'Inside' } });
      });
    });

    describe('a patch', () => {
      test('that merges takes out what is null and replaces lists', async () => {
        await cluster.create(aWidget('merged', { list: [1, 2], gone: true, kept: { a: 1, b: 2 } }), widget);
        const body = { spec: { list: [3], gone: null, kept: { b: null, c: 3 } } };
        const { spec } = await cluster.patch(ref(widget, 'merged'), merge(body));
        expect(spec).toEqual({ list: [3], kept: { a: 1, c: 3 } });
      });

      test('that merges strategically takes conditions one by one', async () => {
        const at = ref(kinds.deployment, 'conditions');
        await cluster.create(
          { ...idle('conditions'), spec: { ...idle('conditions').spec, paused: true } },
          kinds.deployment,
        );
        const said = { type: 'Sluice', status: 'False', reason: 'First', message: 'held' };
        const strategic = (condition: JsonObject): Patch => ({
          type: 'strategic',
          body: { status: { conditions: [condition] } },
        });
        await cluster.patch(at, strategic({ ...said, type: 'Other' }), status);
        await cluster.patch(at, strategic(said), status);
        const stored = await cluster.patch(at, strategic({ type: 'Sluice', reason: 'Second' }), status);
        const conditions = stored.status?.['conditions'] as readonly Readonly<Record<string, string>>[];
        const ours = conditions.filter(({ type }) => type === 'Sluice' || type === 'Other');
        expect(ours.map(({ type, reason, message }) => [type, reason, message].join(' ')).sort()).toEqual([
          'Other First held',
          'Sluice Second held',
        ]);
      });

      test('that merges strategically does not fit a custom kind', async () => {
        await cluster.create(aWidget('strategic'), widget);
        const patch: Patch = { type: 'strategic', body: { spec: { size: 2 } } };
        expect((await errorOf(cluster.patch(ref(widget, 'strategic'), patch))).reason).toBe('invalid');
      });

      test('of JSON adds, replaces, tests and removes', async () => {
        const at = ref(widget, 'json');
        await cluster.create(aWidget('json', { list: ['a', 'b'], 'a/b': 1, '~': 2 }), widget);
        const { spec } = await cluster.patch(at, {
          type: 'json',
          body: [
            { op: 'test', path: '/spec/list/0', value: 'a' },
            { op: 'add', path: '/spec/list/1', value: 'c' },
            { op: 'add', path: '/spec/list/-', value: 'd' },
            { op: 'remove', path: '/spec/list/0' },
            { op: 'replace', path: '/spec/a~1b', value: { x: 1 } },
            { op: 'remove', path: '/spec/~0' },
            { op: 'add', path: '/spec/new', value: true },
            // The API server takes it for an addition.
            { op: 'replace', path: '/spec/newer', value: true },
          ],
        });
        expect(spec).toEqual({ list: ['c', 'b', 'd'], 'a/b': { x: 1 }, new: true, newer: true });
      });

      test.each([
        ['test that does not hold', { op: 'test', path: '/spec/size', value: 7 }],
        ['test of a path that is not there', { op: 'test', path: '/spec/nothing', value: 7 }],
        ['removal of what is not there', { op: 'remove', path: '/spec/nothing' }],
        ['place in something that is not there', { op: 'add', path: '/spec/nothing/more', value: 1 }],
      ] as const)('of JSON with a %s is a conflict', async (what, step) => {
        const name = what.toLowerCase().replaceAll(/[^a-z]+/g, '-');
        await cluster.create(aWidget(name), widget);
        const { reason, message } = await errorOf(cluster.patch(ref(widget, name), { type: 'json', body: [step] }));
        expect([reason, message]).toEqual(['conflict', expect.stringContaining('does not fit')]);
      });
    });

    describe('a guard by resourceVersion', () => {
      type Row = readonly [string, Patch, WriteOptions];
      const rows: readonly Row[] = [
        ['merge', merge({ metadata: { annotations: { by: 'merge' } } }), {}],
        ['strategic', { type: 'strategic', body: { metadata: { annotations: { by: 'strategic' } } } }, {}],
        ['json', { type: 'json', body: [{ op: 'add', path: '/metadata/annotations', value: { by: 'json' } }] }, {}],
        ['status', merge({ metadata: { annotations: { by: 'status' } } }), status],
      ];

      test.each(rows)('of a %s patch lets it through when nothing came in between', async (by, patch, options) => {
        const { resourceVersion = '' } = (await cluster.create(aService(`guard-${by}`), kinds.service)).metadata;
        const at = ref(kinds.service, `guard-${by}`);
        const stored = await cluster.patch(at, patch, { ...options, resourceVersion });
        expect(stored.metadata.annotations).toMatchObject({ by });
      });

      test.each(rows)('of a %s patch refuses it when something did', async (by, patch, options) => {
        const at = ref(kinds.service, `guarded-${by}`);
        const { resourceVersion = '' } = (await cluster.create(aService(`guarded-${by}`), kinds.service)).metadata;
        await other.patch(at, merge({ metadata: { labels: { theirs: 'yes' } } }));
        expect((await errorOf(cluster.patch(at, patch, { ...options, resourceVersion }))).reason).toBe('conflict');
        expect((await cluster.fetch(at))?.metadata.annotations?.['by']).toBeUndefined();
      });

      test('of a replacement refuses a stale one, and one without any', async () => {
        const created = await cluster.create(aService('replaced'), kinds.service);
        const labels = { by: 'replace' };
        await cluster.replace({ ...created, metadata: { ...created.metadata, labels } }, kinds.service);
        expect((await errorOf(cluster.replace(created, kinds.service))).reason).toBe('conflict');
        const { resourceVersion: _, ...metadata } = created.metadata;
        expect((await errorOf(cluster.replace({ ...created, metadata }, kinds.service))).reason).toBe('invalid');
      });
    });

    describe('removing', () => {
      test('by uid spares a namesake, and what is not there is no error', async () => {
        const created = await cluster.create(aMap('namesake'), configMap);
        expect(await cluster.remove(ref(configMap, 'namesake'), '00000000-0000-0000-0000-000000000000')).toBe(false);
        await expect(cluster.fetch(ref(configMap, 'namesake'))).resolves.toMatchObject(created);
        expect(await cluster.remove(ref(configMap, 'namesake'), created.metadata.uid)).toBe(true);
        expect(await cluster.remove(ref(configMap, 'namesake'), created.metadata.uid)).toBe(false);
        expect(await cluster.remove(ref(configMap, 'namesake'))).toBe(false);
        await expect(cluster.fetch(ref(configMap, 'namesake'))).resolves.toBeUndefined();
      });

      const owner = ({ metadata: { name, uid = '' } }: KubeObject) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name,
        uid,
      });
      const isGone = (name: string): Promise<boolean> =>
        until(() => cluster.get(ref(configMap, name)) === undefined, `${name} to be collected`, longest);

      test('takes what it owns with it, and what that owns', async () => {
        const first = await cluster.create(aMap('owner'), configMap);
        const second = await cluster.create(aMap('owned', { ownerReferences: [owner(first)] }), configMap);
        await cluster.create(aMap('owned-again', { ownerReferences: [owner(second)] }), configMap);
        await cluster.remove(ref(configMap, 'owner'), first.metadata.uid);
        await isGone('owned');
        await isGone('owned-again');
      });

      test('leaves what another owns, too', async () => {
        const [first, second] = [
          await cluster.create(aMap('parent'), configMap),
          await cluster.create(aMap('other-parent'), configMap),
        ];
        await cluster.create(aMap('child', { ownerReferences: [owner(first), owner(second)] }), configMap);
        await cluster.remove(ref(configMap, 'parent'), first.metadata.uid);
        const left = (): boolean =>
          cluster
            .get(ref(configMap, 'child'))
            ?.metadata.ownerReferences?.map(({ name }) => name)
            .join() === 'other-parent';
        await until(left, 'the owner that is gone to be taken off', longest);
      });

      test('is done for what is made for an owner that is gone already', async () => {
        const first = await cluster.create(aMap('gone-owner'), configMap);
        await cluster.remove(ref(configMap, 'gone-owner'), first.metadata.uid);
        await cluster.create(aMap('late', { ownerReferences: [owner(first)] }), configMap);
        await isGone('late');
      });
    });

    describe('a refusal', () => {
      test.each<readonly [string, () => Promise<unknown>, string, string]>([
        [
          'that the object exists',
          async () => {
            await cluster.create(idle('twice'), kinds.deployment);
            await cluster.create(idle('twice'), kinds.deployment);
          },
          'already-exists',
          'create deployments.apps NAMESPACE/twice: deployments.apps "twice" already exists',
        ],
        [
          'that it does not exist',
          () => cluster.patch(ref(kinds.deployment, 'nothing'), merge({})),
          'not-found',
          'patch deployments.apps NAMESPACE/nothing: deployments.apps "nothing" not found',
        ],
        [
          'that it is invalid',
          () =>
            cluster.create({ ...idle('invalid'), spec: { ...idle('invalid').spec, replicas: -1 } }, kinds.deployment),
          'invalid',
          'create deployments.apps NAMESPACE/invalid: Deployment.apps "invalid" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        ],
        [
          'that its selector must not change',
          async () => {
            await cluster.create(idle('selected'), kinds.deployment);
            const { spec } = idle('another');
            await cluster.patch(ref(kinds.deployment, 'selected'), merge(spec === undefined ? {} : { spec }));
          },
          'invalid',
          'field is immutable',
        ],
        [
          'that it has changed',
          async () => {
            const stale = await cluster.create(aMap('stale'), configMap);
            await other.patch(ref(configMap, 'stale'), merge({ metadata: { labels: { a: '1' } } }));
            await cluster.replace(stale, configMap);
          },
          'conflict',
          'replace configmaps NAMESPACE/stale: Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
        ],
        [
          'that another object has its name',
          async () => {
            const { metadata } = await cluster.create(aMap('exchanged'), configMap);
            const uid = '00000000-0000-0000-0000-000000000000';
            await cluster.replace(aMap('exchanged', { ...metadata, uid }), configMap);
          },
          'conflict',
          'Precondition failed: UID in precondition: 00000000-0000-0000-0000-000000000000, UID in object meta: ',
        ],
        [
          'that there is no such namespace',
          () => cluster.create({ ...aMap('lost'), metadata: { name: 'lost', namespace: 'nowhere' } }, configMap),
          'not-found',
          'create configmaps nowhere/lost: namespaces "nowhere" not found',
        ],
        [
          'that there is no such kind',
          () => {
            const unknown = gvk('unknown.example.com/v1', 'Unknown', 'unknowns');
            const object = { ...aWidget('unknown'), apiVersion: apiVersionOf(unknown), kind: 'Unknown' };
            return cluster.create(object, unknown);
          },
          'not-found',
          '',
        ],
      ])('%s', async (_what, write, reason, message) => {
        const told = await errorOf(write());
        expect(told.reason).toBe(reason);
        expect(told.message).toContain(message.replace('NAMESPACE', namespace));
      });
    });

    kubernetesBehind(() => ({ cluster, namespace }));

    test('a namespace that is deleted takes everything with it, and takes nothing more', async () => {
      const doomed = `${namespace}-doomed`;
      const view = await subject.connect([{ gvk: configMap, namespace: doomed }, { gvk: kinds.namespace }]);
      await view.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: doomed } }, kinds.namespace);
      const inside = { ...aMap('inside'), metadata: { name: 'inside', namespace: doomed } };
      await view.create(inside, configMap);
      await view.remove({ gvk: kinds.namespace, name: doomed });
      const late = { ...aMap('late'), metadata: { name: 'late', namespace: doomed } };
      expect(['forbidden', 'not-found']).toContain((await errorOf(view.create(late, configMap))).reason);
      await until(
        () => view.get({ gvk: configMap, namespace: doomed, name: 'inside' }) === undefined,
        'its end',
        longest,
      );
      await until(() => view.get({ gvk: kinds.namespace, name: doomed }) === undefined, 'the end of all', longest);
    }, 180_000);

    test('a kind goes with its definition, and comes back without its objects', async () => {
      const gadget = gvk(`${unique}.example.org/v1`, 'Gadget', 'gadgets');
      const view = await subject.connect([{ gvk: gadget, namespace, optional: true }, { gvk: kinds.crd }]);
      const told: string[] = [];
      view.onServed((kind) => told.push(`${kind.kind} ${view.serves(kind) ? 'came' : 'went'}`));
      const one = { ...aWidget('one'), apiVersion: apiVersionOf(gadget), kind: 'Gadget' };
      expect(view.serves(gadget)).toBe(false);
      for (const round of [1, 2]) {
        await view.create(definitionOf(gadget), kinds.crd);
        await until(() => view.serves(gadget), `the kind to come, round ${round}`, longest);
        expect(view.list(gadget)).toEqual([]);
        await view.create(one, gadget);
        expect(view.list(gadget)).toHaveLength(1);
        await view.remove({ gvk: kinds.crd, name: `gadgets.${unique}.example.org` });
        await until(() => !view.serves(gadget), `the kind to go, round ${round}`, longest);
        expect(view.list(gadget)).toEqual([]);
      }
      expect(told).toEqual(['Gadget came', 'Gadget went', 'Gadget came', 'Gadget went']);
    }, 180_000);
  });
};
