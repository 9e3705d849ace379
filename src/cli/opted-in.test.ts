import { describe, expect, it, test } from '@jest/globals';
import { aDeployment, aSession, memoryCluster, type MemoryCluster } from '../../test/support/plugin-doubles.ts';
import type { KubeObject, Labels } from '../values/kube-object.ts';
import { ClusterError } from '../ports/cluster.ts';
import { list } from './list.ts';
import { optIns } from './opted-in.ts';

const namespace = (name: string, labels: Labels): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const policy = (kind: string, spec: KubeObject['spec'], within?: string): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind,
  metadata: { name: 'careful', ...(within === undefined ? {} : { namespace: within }) },
  ...(spec === undefined ? {} : { spec }),
});
const plain = aDeployment({ annotations: {} });
const on = { 'sluice.dev/canary': 'enabled' };

describe('the plugin takes a workload for opted in', () => {
  test.each<[string, readonly KubeObject[], boolean]>([
    ['that nobody speaks for', [], false],
    ['in a namespace with the label', [namespace('shop', on)], true],
    ['beside a namespace with the label', [namespace('shop', {}), namespace('other', on)], false],
    ['that a policy selects', [policy('CanaryPolicy', { selector: {} }, 'shop')], true],
    ['that a policy of another namespace would select', [policy('CanaryPolicy', { selector: {} }, 'other')], false],
    ['that a policy of the cluster selects', [policy('ClusterCanaryPolicy', { selector: {} })], true],
    ['beside a policy that selects nothing', [policy('ClusterCanaryPolicy', {})], false],
  ])('%s', async (_name, objects, expected) => {
    const session = aSession(memoryCluster(plain, ...objects));
    for (const within of ['shop', undefined])
      expect((await optIns(session, within))(plain as unknown as KubeObject).optedIn).toBe(expected);
  });

  const withList = (cluster: MemoryCluster, error: Error): ReturnType<typeof aSession> => {
    const client = { ...cluster.client, list: () => Promise.reject(error), get: () => Promise.reject(error) };
    return aSession(cluster, { client });
  };

  it('by its own words alone where the person may not read policies and namespaces', async () => {
    const session = withList(memoryCluster(), new ClusterError('forbidden', 'you may not'));
    const said = await optIns(session, 'shop');
    expect(said(aDeployment() as unknown as KubeObject).optedIn).toBe(true);
    expect(said(plain as unknown as KubeObject).optedIn).toBe(false);
  });

  it('and says so when the API server cannot be reached', async () => {
    await expect(optIns(withList(memoryCluster(), new ClusterError('unreachable', 'gone')), 'shop')).rejects.toThrow(
      'gone',
    );
  });
});

it('the list leaves out what Sluice made itself', async () => {
  const made = aDeployment({ name: 'web-canary', annotations: {} });
  const canary = { ...made, metadata: { ...made.metadata, labels: { 'app.kubernetes.io/managed-by': 'sluice' } } };
  const session = aSession(memoryCluster(plain, canary, namespace('shop', on)));
  await list.run(session, { workload: undefined, options: {} });
  expect(session.terminal.stdout()).toContain('web');
  expect(session.terminal.stdout()).not.toContain('web-canary');
});
