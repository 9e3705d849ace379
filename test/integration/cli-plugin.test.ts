/**
 * `kubectl sluice` as kubectl finds and runs it, against a real API server; the test plays webhook and controller.
 * @long 40 s
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Deployment, KubeObject } from '../../src/values/kube-object.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { toRfc3339 } from '../../src/values/time.ts';
import { requestsOf } from '../../src/core/requests/release-requests.ts';
import { annotations, marks } from '../../src/schema/annotations.ts';
import { crds } from '../../src/manifests/crds.ts';
import type { ReleaseStatus } from '../../src/schema/release.ts';
import type { Finished } from '../cluster/binaries/run-command.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { up } from '../cluster/up.ts';
import { inTime } from '../cluster/in-time.ts';
import { waitUntil } from '../cluster/wait-until.ts';

jest.setTimeout(120_000);

const bin = fileURLToPath(new URL('../../bin', import.meta.url));
const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
let cluster: Cluster;

const sluice = (...args: string[]): Promise<Finished> => cluster.run('kubectl', ['sluice', ...args], { env });

const kubectl = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(...args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};
const read = async <T>(kind: string, name: string): Promise<T> =>
  JSON.parse(await kubectl('get', kind, name, '-n', 'shop', '-o', 'json')) as T;

const deployment = (name: string, canary: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', annotations: { [annotations.canary]: canary } },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'app:1' }] } },
  },
});
const release = (name: string, workload: string): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: { name, namespace: 'shop' },
  spec: {
    workload: { kind: 'Deployment', name: workload, uid: 'u' },
    templateHash: 'b',
    stableHash: 'a',
    policyName: 'CanaryPolicy/careful',
    policy: { weights: [5, 25], interval: '30s' },
    requestedBy: { user: 'jane', tool: 'kubectl-client-side-apply', at: toRfc3339(Date.now()) },
  },
});

/** What the controller does: writes the status. */
const setStatus = (name: string, status: ReleaseStatus): Promise<string> =>
  kubectl(
    ...['patch', 'release', name, '-n', 'shop', '--subresource=status', '--type=merge'],
    ...['-p', JSON.stringify({ status })],
  );

/** What the webhook does to a change of the template: pause and marks. */
const holdBack = async (name: string, releaseName: string): Promise<void> => {
  const { spec } = await read<Deployment>('deployment', name);
  const marked = {
    [marks.stableHash]: 'a',
    [marks.releaseHash]: templateHash(spec.template),
    [marks.release]: releaseName,
  };
  const patch = { metadata: { annotations: marked }, spec: { paused: true } };
  await kubectl('patch', 'deployment', name, '-n', 'shop', '--type=merge', '-p', JSON.stringify(patch));
};

/** The plugin running on its own, with what it has written so far. */
const running = (...args: string[]) => {
  const execution = cluster.exec('kubectl', ['sluice', ...args], { env });
  const written = { out: '', err: '' };
  execution.stdout?.setEncoding('utf8').on('data', (text: string) => (written.out += text));
  execution.stderr?.setEncoding('utf8').on('data', (text: string) => (written.err += text));
  const seen = (): string => `${written.out}${written.err}`;
  return {
    written,
    end: () => inTime(`kubectl sluice ${args.join(' ')} to end`, execution.ended, { seen }),
    kill: (signal: NodeJS.Signals) => execution.kill(signal),
  };
};

beforeAll(async () => {
  cluster = await up({ istio: false, prometheus: false, kubelet: 'none', crds: [] });
}, 1_800_000);
// Undefined where `up` failed, which is then the error to see.
afterAll(() => (cluster as Cluster | undefined)?.down());

describe('before Sluice is installed', () => {
  it('the plugin says so', async () =>
    expect(await sluice('status', 'web')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^error: Sluice is not installed in this cluster: there is no kind Release in sluice/,
      ),
    }));
});

describe('kubectl sluice', () => {
  beforeAll(async () => {
    await cluster.apply(crds());
    await kubectl('wait', '--for=condition=Established', ...crds().map(({ metadata }) => `crd/${metadata.name}`));
    await kubectl('create', 'namespace', 'shop');
    await cluster.apply([
      deployment('web', 'enabled'),
      deployment('plain', 'disabled'),
      deployment('fresh', 'enabled'),
    ]);
    await cluster.apply([release('web-2', 'web')]);
  });

  it.each([
    [
      'a wrong name',
      'wbe',
      /There is no Deployment wbe in namespace shop\.\nDid you mean web\? Opted in here: fresh, web\./,
    ],
    ['a workload that is opted out', 'plain', /is not opted in[^]*kubectl annotate deployment plain -n shop/],
    ['a workload without a release', 'fresh', /has had no release yet/],
  ])('explains %s', async (_case, name, text) => {
    const { code, stdout, stderr } = await sluice('status', name, '-n', 'shop');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(text);
  });

  it.each([
    ['a context', ['--context', 'elsewhere'], /has no context "elsewhere"/],
    ['a kubeconfig', ['--kubeconfig', '/nowhere'], /ENOENT[^]*Choose a cluster with --kubeconfig or --context/],
  ])('explains %s that is not there', async (_case, where, text) => {
    const { code, stderr } = await sluice('list', ...where);
    expect(code).toBe(1);
    expect(stderr).toMatch(text);
  });

  it('explains what a user may not do', async () => {
    await kubectl('create', 'serviceaccount', 'nobody', '-n', 'shop');
    const token = (await kubectl('create', 'token', 'nobody', '-n', 'shop')).trim();
    const config = JSON.parse(await kubectl('config', 'view', '--raw', '-o', 'json')) as { users: { user: object }[] };
    const path = join(cluster.dir, 'nobody.kubeconfig');
    await writeFile(
      path,
      JSON.stringify({ ...config, users: config.users.map((user) => ({ ...user, user: { token } })) }),
    );
    const { code, stderr } = await sluice('list', '-n', 'shop', '--kubeconfig', path);
    expect(code).toBe(1);
    expect(stderr).toMatch(/nobody" cannot list resource "\w+"[^]*Ask for the right to/);
  });

  it('shows a release in full, as JSON, and in the list', async () => {
    await setStatus('web-2', {
      phase: 'Progressing',
      stepLabel: '1/2',
      weight: 5,
      message: '5 % of the traffic for the canary',
      analyses: [
        {
          id: 'checks',
          failures: 0,
          checks: [
            { name: 'request-success-rate', call: 'pass', because: 'fine', value: 99.9, at: toRfc3339(Date.now()) },
          ],
        },
      ],
    });
    const { code, stdout } = await sluice('status', 'deployment/web', '-n', 'shop');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^shop\/web {3}Progressing {3}step 1\/2 {3}5 % of the traffic to the canary\n/);
    expect(stdout).toMatch(/Policy +CanaryPolicy\/careful: 5, 25 %, 30s each\n/);
    expect(stdout).toMatch(/request-success-rate +pass +99\.9 +>= 99 +- +\d+s ago\n/);
    const json = await sluice('status', 'web', '-n', 'shop', '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'Release',
      apiVersion: 'sluice.dev/v1alpha1',
      status: { weight: 5 },
    });
    expect((await sluice('list', '-n', 'shop')).stdout).toMatch(
      /^WORKLOAD [^]*\nfresh +- [^]*\nweb +Progressing +1\/2 +5 % /,
    );
    expect((await sluice('list', '-A')).stdout).toMatch(/\nshop +web +Progressing/);
    expect(await sluice('list')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No workload of namespace default is opted in.\n',
    });
  });

  it.each([
    ['accepted', 0, /^web-2: promote accepted\. [^]*kubectl sluice watch web -n shop\n$/, /^$/],
    ['refused: the release is already ending', 1, /^$/, /^web-2: promote refused: the release is already ending\n$/],
  ])('a request is answered: %s', async (result, code, stdout, stderr) => {
    const requests = async () => requestsOf(await read<KubeObject>('release', 'web-2'));
    const before = (await requests()).map(({ id }) => id);
    const plugin = running('promote', 'web', '-n', 'shop', '--reason', 'looks fine');
    const request = await waitUntil('the request', async () =>
      (await requests()).find(({ id }) => !before.includes(id)),
    );
    expect(request).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{10}$/),
      verb: 'promote',
      reason: 'looks fine',
    });
    await setStatus('web-2', {
      phase: 'Progressing',
      acknowledged: [{ ...request, result, accepted: result === 'accepted', at: toRfc3339(Date.now()) }],
    });
    expect((await plugin.end()).code).toBe(code);
    expect(plugin.written.out).toMatch(stdout);
    expect(plugin.written.err).toMatch(stderr);
    // Whoever asks takes away what is answered.
    expect((await requests()).map(({ id }) => id)).toEqual([request.id]);
  });

  it('watches a release from before it is made, through a restart of the API server, to its end', async () => {
    await holdBack('web', 'web-3');
    const plugin = running('watch', 'web', '-n', 'shop');
    await waitUntil('the first line', () => plugin.written.err.includes('waiting for Release web-3'));
    await cluster.apply([release('web-3', 'web')]);
    await setStatus('web-3', { phase: 'Preparing', canary: { replicas: 1, ready: 0 } });
    await waitUntil('the first state', () => plugin.written.out.includes('web-3 Preparing'));
    await cluster.component('kube-apiserver').stop();
    await waitUntil('the interruption', () => plugin.written.err.includes('trying again'));
    await cluster.component('kube-apiserver').start();
    await setStatus('web-3', { phase: 'Progressing', stepLabel: '1/2', weight: 5, canary: { replicas: 1, ready: 1 } });
    await waitUntil('the next state', () => plugin.written.out.includes('Progressing 1/2 5 %'));
    await setStatus('web-3', { phase: 'Succeeded', message: 'promoted', weight: 0 });
    expect((await plugin.end()).code).toBe(0);
    expect(plugin.written.out).toMatch(/canary: 1 of 1 pods ready\n[^]*web-3 Succeeded 1\/2: promoted\n$/);
  });

  it('ends a watch with exit code 1 for a release that failed', async () => {
    await setStatus('web-3', { phase: 'Failed', message: 'checks' });
    expect((await sluice('watch', 'web', '-n', 'shop')).code).toBe(1);
  });

  it('ends a watch when interrupted', async () => {
    await setStatus('web-3', { phase: 'Progressing', message: 'again' });
    const plugin = running('watch', 'web', '-n', 'shop');
    await waitUntil('the first state', () => plugin.written.out.includes('Progressing'));
    await plugin.kill('SIGINT');
    expect((await plugin.end()).code).toBe(130);
  });

  it('skips: the reason is on the Deployment, and a webhook that does not answer is noticed', async () => {
    const { code, stderr } = await sluice('skip', 'web', '-n', 'shop', '--reason', 'INC-42 hotfix');
    expect(code).toBe(1);
    expect(stderr).toContain('it is still paused');
    const { metadata } = await read<KubeObject>('deployment', 'web');
    expect(metadata.annotations?.[annotations.skip]).toBe('INC-42 hotfix');
  });

  it('looking needs to read Deployments and Releases, and nothing else', async () => {
    await cluster.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'releaser', namespace: 'shop' },
        rules: [
          { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] },
          { apiGroups: ['sluice.dev'], resources: ['releases'], verbs: ['get', 'list', 'watch'] },
        ],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'releaser', namespace: 'shop' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'releaser' },
        subjects: [{ kind: 'ServiceAccount', name: 'nobody', namespace: 'shop' }],
      },
    ]);
    await setStatus('web-3', { phase: 'Succeeded', message: 'done' });
    const config = join(cluster.dir, 'nobody.kubeconfig');
    const may = (...args: string[]): Promise<Finished> => sluice(...args, '-n', 'shop', '--kubeconfig', config);
    await waitUntil('the role', async () => (await may('list')).code === 0);
    expect((await may('status', 'web')).code).toBe(0);
    expect((await may('watch', 'web')).code).toBe(0);
  });
});
