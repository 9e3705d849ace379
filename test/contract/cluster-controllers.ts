/** What the rest of Kubernetes does behind the cluster port, as far as a release depends on it. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Gvk, JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Cluster, Patch } from '../../src/ports/cluster.ts';
import { app, service } from '../support/manifests.ts';
import { waitUntil } from '../cluster/wait-until.ts';

const until = <T>(check: () => T | undefined | false, what: string, withinMs = 30_000): Promise<T> =>
  waitUntil(what, check, { withinMs });

const longest = 90_000;
const status = { subresource: 'status' } as const;
const merge = (body: JsonObject): Patch => ({ type: 'merge', body });

export const kubernetesBehind = (subject: () => { readonly cluster: Cluster; readonly namespace: string }): void => {
  describe('Kubernetes behind it', () => {
    let cluster: Cluster;
    let namespace: string;

    beforeAll(() => {
      ({ cluster, namespace } = subject());
    });

    const ref = (kind: Gvk, of: string) => ({ gvk: kind, namespace, name: of });
    const inNamespace = (object: object): KubeObject => {
      const { metadata, ...rest } = object as KubeObject;
      return { ...rest, metadata: { ...metadata, namespace } };
    };

    type Counts = { readonly [name: string]: unknown };
    const workload = (of: string, version: string): KubeObject => {
      const annotations = { team: 'shop' };
      return inNamespace(app({ name: of, version, replicas: 2, annotations }));
    };
    const statusOf = (of: string): Counts => cluster.get(ref(kinds.deployment, of))?.status ?? {};
    const conditionOf = (of: string, type: string): JsonObject | undefined =>
      (statusOf(of)['conditions'] as readonly JsonObject[] | undefined)?.find((one) => one['type'] === type);
    const isRolled = (of: string, replicas = 2): boolean => {
      const generation = cluster.get(ref(kinds.deployment, of))?.metadata.generation;
      const { observedGeneration, updatedReplicas, replicas: all, availableReplicas } = statusOf(of);
      const seen = observedGeneration !== undefined && observedGeneration === generation;
      return seen && updatedReplicas === replicas && all === replicas && availableReplicas === replicas;
    };
    const setsOf = (of: string): readonly string[] =>
      cluster
        .list(kinds.replicaSet, namespace)
        .filter(({ metadata }) => metadata.labels?.['app'] === of)
        .map(({ metadata, spec }) => {
          const revision = metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '';
          return `${revision}: ${Number(spec.replicas)}`;
        })
        .sort();
    const rolledOut = async (of: string, version: string): Promise<void> => {
      await cluster.create(workload(of, version), kinds.deployment);
      await until(() => isRolled(of), `${of} to be there`, longest);
    };
    const imageOf = (version: string): JsonObject => ({
      template: { spec: { containers: [{ name: 'app', image: `sluice.test/app:${version}` }] } },
    });
    const strategic = (of: string, spec: JsonObject): Promise<KubeObject> =>
      cluster.patch(ref(kinds.deployment, of), { type: 'strategic', body: { spec } });

    test('rolls a Deployment, and keeps the template that served before', async () => {
      await rolledOut('rolls', 'v1');
      expect(setsOf('rolls')).toEqual(['1: 2']);
      expect(conditionOf('rolls', 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
      await strategic('rolls', imageOf('v2'));
      await until(() => isRolled('rolls') && setsOf('rolls').join() === '1: 0,2: 2', 'the roll', longest);
      const at = cluster.get(ref(kinds.deployment, 'rolls'));
      expect(at?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '2', team: 'shop' });
      await strategic('rolls', imageOf('v1'));
      await until(() => isRolled('rolls') && setsOf('rolls').join() === '2: 0,3: 2', 'the way back', longest);
      expect(setsOf('rolls')).toEqual(['2: 0', '3: 2']);
    }, 180_000);

    test('rolls nothing while a Deployment is paused, and scales what serves', async () => {
      await rolledOut('paused', 'v1');
      await strategic('paused', { paused: true, ...imageOf('v2') });
      const said = (): unknown => conditionOf('paused', 'Progressing')?.['reason'];
      await until(() => said() === 'DeploymentPaused', 'the pause to be seen', longest);
      await strategic('paused', { replicas: 3 });
      const scaled = (): boolean => statusOf('paused')['availableReplicas'] === 3;
      await until(scaled, 'the third pod', longest);
      expect(setsOf('paused')).toEqual(['1: 3']);
      expect(statusOf('paused')['updatedReplicas'] ?? 0).toBe(0);
      await cluster.patch(ref(kinds.deployment, 'paused'), merge({ spec: { paused: null } }));
      await until(() => isRolled('paused', 3), 'the roll', longest);
      expect(setsOf('paused')).toEqual(['1: 0', '2: 3']);
    }, 180_000);

    test('leaves alone what a paused Deployment says of a failure', async () => {
      await rolledOut('failed', 'v1');
      await strategic('failed', { paused: true, ...imageOf('v2') });
      await until(() => conditionOf('failed', 'Progressing')?.['reason'] === 'DeploymentPaused', 'the pause', longest);
      const failure = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'held' };
      const body = { status: { conditions: [failure] } };
      await cluster.patch(ref(kinds.deployment, 'failed'), { type: 'strategic', body }, status);
      await strategic('failed', { replicas: 3 });
      await until(() => statusOf('failed')['availableReplicas'] === 3, 'the third pod', longest);
      expect(conditionOf('failed', 'Progressing')).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
    }, 180_000);

    test('publishes ready pods under the labels of their Service', async () => {
      await rolledOut('published', 'v1');
      const labels = { 'example.com/release': 'web-2' };
      const fronted = inNamespace(service('published'));
      await cluster.create({ ...fronted, metadata: { ...fronted.metadata, labels } }, kinds.service);
      type Slice = KubeObject & {
        readonly endpoints?: readonly {
          readonly conditions?: { readonly ready?: boolean };
          readonly targetRef?: { readonly name?: string };
        }[];
      };
      const slices = (): readonly Slice[] =>
        cluster.list(kinds.endpointSlice, namespace).filter(({ metadata }) => {
          return metadata.labels?.['example.com/release'] === 'web-2';
        });
      const ready = (): readonly (string | undefined)[] =>
        slices().flatMap(({ endpoints }) =>
          (endpoints ?? [])
            .filter(({ conditions }) => conditions?.ready === true)
            .map(({ targetRef }) => targetRef?.name),
        );
      await until(() => ready().length === 2, 'both endpoints', longest);
      const pods = cluster.list(kinds.pod, namespace).map(({ metadata }) => metadata.name);
      expect(pods).toEqual(expect.arrayContaining([...ready()]));
      await cluster.remove(ref(kinds.service, 'published'));
      await until(() => slices().length === 0, 'the slices to be collected', longest);
    }, 180_000);

    test('with Recreate, old pods go before new ones come', async () => {
      const recreate = workload('recreate', 'v1');
      const spec = { ...recreate.spec, strategy: { type: 'Recreate' } };
      await cluster.create({ ...recreate, spec }, kinds.deployment);
      await until(() => isRolled('recreate'), 'the first', longest);
      const counts: string[] = [];
      cluster.onChange(({ object }) => {
        if (object.kind === 'ReplicaSet' && object.metadata.labels?.['app'] === 'recreate')
          counts.push(setsOf('recreate').join());
      });
      await strategic('recreate', imageOf('v2'));
      await until(() => isRolled('recreate') && setsOf('recreate').length === 2, 'the second', longest);
      expect(counts.filter((sizes) => /: [12].*: [12]/.test(sizes))).toEqual([]);
      expect(setsOf('recreate')).toEqual(['1: 0', '2: 2']);
    }, 180_000);

    test('a Deployment takes its ReplicaSets and pods with it', async () => {
      await rolledOut('taken', 'v1');
      await cluster.remove(ref(kinds.deployment, 'taken'));
      const left = (): number =>
        [...cluster.list(kinds.replicaSet, namespace), ...cluster.list(kinds.pod, namespace)].filter(
          ({ metadata }) => metadata.labels?.['app'] === 'taken',
        ).length;
      await until(() => left() === 0, 'everything to be collected', longest);
    }, 180_000);
  });
};
