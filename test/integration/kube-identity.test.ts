/** As whom requests are made: what counts is the RBAC of the identity that was asked for. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { gvk } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { collectionPath } from '../../src/kube/api-path.ts';
import type { Api } from '../../src/kube/api.ts';
import { manualClock } from '../../src/ports/clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { apiOf, testCluster } from '../kube/cluster-kit.ts';
import { folder } from '../kube/kube-kit.ts';

jest.setTimeout(180_000);
const review = gvk('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews', false);
let cluster: Cluster;
let namespace: string;

type UserInfo = { username: string; groups: string[] };
const whoAmI = async (api: Api): Promise<UserInfo> => {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await api.request({ method: 'POST', path: collectionPath(review), what: 'ask who I am', body });
  return (answer as { status: { userInfo: UserInfo } }).status.userInfo;
};
const listPods = (api: Api): Promise<unknown> =>
  api.request({ method: 'GET', path: collectionPath(kinds.pod, namespace), what: 'list pods' });
const rbac = 'rbac.authorization.k8s.io';

beforeAll(async () => {
  ({ cluster, namespace } = await testCluster('kube-identity'));
  await cluster.apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader', namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'stranger', namespace } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name: 'pods', namespace },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'pods', namespace },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'pods' },
    },
  ]);
});

describe('impersonation', () => {
  test('of a service account makes its RBAC count, allowed and refused', async () => {
    const as = (name: string): Api =>
      apiOf(cluster, { impersonate: { user: `system:serviceaccount:${namespace}:${name}` } });
    await expect(whoAmI(as('reader'))).resolves.toMatchObject({
      username: `system:serviceaccount:${namespace}:reader`,
      groups: expect.arrayContaining(['system:serviceaccounts', `system:serviceaccounts:${namespace}`]),
    });
    await expect(listPods(as('reader'))).resolves.toMatchObject({ kind: 'PodList' });
    await expect(listPods(as('stranger'))).rejects.toMatchObject({
      reason: 'forbidden',
      message: expect.stringContaining(
        `User "system:serviceaccount:${namespace}:stranger" cannot list resource "pods"`,
      ),
    });
  });

  test('of a user with groups', async () => {
    const api = apiOf(cluster, { impersonate: { user: 'jane', groups: ['developers', 'on-call'] } });
    await expect(whoAmI(api)).resolves.toMatchObject({
      username: 'jane',
      groups: expect.arrayContaining(['developers', 'on-call']),
    });
  });
});

test('a pod finds its service account, and follows its token when that is replaced', async () => {
  const token = async (name: string): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl('create', 'token', name, '-n', namespace);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const { stdout } = await cluster.kubectl('get', 'configmap', 'kube-root-ca.crt', '-n', namespace, '-o', 'json');
  const mounted = join(folder(), 'serviceaccount');
  mkdirSync(mounted);
  writeFileSync(join(mounted, 'ca.crt'), (JSON.parse(stdout) as { data: Record<string, string> }).data['ca.crt'] ?? '');
  writeFileSync(join(mounted, 'namespace'), namespace);
  writeFileSync(join(mounted, 'token'), await token('reader'));
  const { hostname, port } = new URL(cluster.apiServerUrl);
  const clock = manualClock();
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  const api = apiOf(cluster, { serviceAccountFolder: mounted, env, clock });
  expect(api.namespace).toBe(namespace);
  await expect(whoAmI(api)).resolves.toMatchObject({ username: `system:serviceaccount:${namespace}:reader` });
  writeFileSync(join(mounted, 'token'), await token('stranger'));
  clock.advance(60_000);
  await expect(whoAmI(api)).resolves.toMatchObject({ username: `system:serviceaccount:${namespace}:stranger` });
  writeFileSync(join(mounted, 'token'), 'nonsense');
  clock.advance(60_000);
  await expect(whoAmI(api)).rejects.toMatchObject({ name: 'ClusterError', reason: 'forbidden' });
  writeFileSync(join(mounted, 'token'), await token('reader'));
  await expect(whoAmI(api)).resolves.toMatchObject({ username: `system:serviceaccount:${namespace}:reader` });
});
