import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { aBarePod, isReady, talkTo } from '../cluster/kubelet/test-cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { up } from '../cluster/up.ts';

jest.setTimeout(240_000);

let cluster: Cluster;
let on: ReturnType<typeof talkTo>;

beforeAll(async () => {
  cluster = await up({ istio: false, prometheus: false, crds: [] });
  on = talkTo(cluster, 'default');
}, 1_800_000);
afterAll(() => (cluster as Cluster | undefined)?.down());

const data = (kind: string, name: string, values: Record<string, string>) =>
  kind === 'Secret'
    ? { apiVersion: 'v1', kind, metadata: { name }, stringData: values }
    : { apiVersion: 'v1', kind, metadata: { name }, data: values };

/** A pod that runs a shell script on the host and stays; what the script prints is read from its log. */
const script = (name: string, text: string, container: object = {}, spec: object = {}) =>
  aBarePod(
    name,
    {},
    {
      containers: [
        { name: 'c', image: 'sluice.test/host:x', command: ['sh', '-ec', `${text}\nexec sleep 1000`], ...container },
      ],
      terminationGracePeriodSeconds: 1,
      ...spec,
    },
  );
const logOf = async (pod: string): Promise<string> =>
  (await cluster.run('cat', [join(cluster.dir, 'pods', `default_${pod}`, 'c.log')])).stdout;
const logWhen = (pod: string, text: string): Promise<string> =>
  waitUntil(`the log of ${pod} to say ${text}`, async () => {
    const log = await logOf(pod);
    return log.includes(text) ? log : undefined;
  });

describe('the environment of a container', () => {
  it('comes from values, the pod, ConfigMaps and Secrets, and not from whoever runs the kubelet', async () => {
    const env = [
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'TEAM', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'SIZE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'size' } } },
      { name: 'GREETING', value: 'hello $(POD) $$(POD)' },
    ];
    const envFrom = [{ secretRef: { name: 'login' }, prefix: 'LOGIN_' }];
    await on.apply(data('ConfigMap', 'settings', { size: '4' }), data('Secret', 'login', { password: 'p4ss' }));
    await on.apply(script('environment', 'env; echo done', { env, envFrom }));
    const log = await logWhen('environment', 'done');
    const { status } = await on.podWhen('environment', 'has an address', (pod) => pod.status.podIP !== undefined);
    const { podIP = '' } = status;
    for (const line of ['POD=environment', `ADDRESS=${podIP}`, 'TEAM=environment', 'SIZE=4', 'LOGIN_password=p4ss']) {
      expect(log.split('\n')).toContain(line);
    }
    expect(log).toContain('GREETING=hello environment $(POD)');
    expect(log).not.toContain('KUBECONFIG');
  });

  it.each([
    ['ConfigMap', { configMapKeyRef: { name: 'late-configmap', key: 'k' } }, 'configmap "late-configmap" not found'],
    ['Secret', { secretKeyRef: { name: 'late-secret', key: 'k' } }, 'secret "late-secret" not found'],
  ])('waits for a %s that does not exist yet, and says so', async (kind, valueFrom, message) => {
    const name = `waits-for-${kind.toLowerCase()}`;
    await on.apply(script(name, 'echo "got $K"', { env: [{ name: 'K', valueFrom }] }));
    const pod = await on.podWhen(name, 'cannot be created', (seen) => {
      return seen.status.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError';
    });
    expect(pod.status.containerStatuses?.[0]?.state.waiting?.message).toBe(message);
    await on.apply(data(kind, `late-${kind.toLowerCase()}`, { k: 'v' }));
    await on.podWhen(name, 'is ready', isReady);
    expect(await logWhen(name, 'got v')).toBe('got v\n');
  });
});

describe('volumes', () => {
  it('are at their mount paths, which the host need not have, and follow their objects', async () => {
    await on.apply(data('ConfigMap', 'files', { 'app.yaml': 'one' }), data('Secret', 'tls', { 'tls.key': 'secret' }));
    const volumeMounts = [
      { name: 'files', mountPath: '/etc/no-such-app' },
      { name: 'tls', mountPath: '/no-such-top/tls' },
      { name: 'scratch', mountPath: '/tmp' },
      { name: 'files', mountPath: '/opt/only.yaml', subPath: 'app.yaml' },
    ];
    const volumes = [
      { name: 'files', configMap: { name: 'files' } },
      { name: 'tls', secret: { secretName: 'tls' } },
      { name: 'scratch', emptyDir: {} },
    ];
    const text = `
      echo "config $(cat /etc/no-such-app/app.yaml) key $(cat /no-such-top/tls/tls.key) one $(cat /opt/only.yaml)"
      echo "tmp has $(ls -A /tmp | wc -l) files"; touch /tmp/mine; test -e /etc/passwd
      until grep -q two /etc/no-such-app/app.yaml; do sleep 0.1; done; echo changed`;
    await on.apply(script('mounted', text, { volumeMounts }, { volumes }));
    expect(await logWhen('mounted', 'tmp has')).toBe('config one key secret one one\ntmp has 0 files\n');
    await on.apply(data('ConfigMap', 'files', { 'app.yaml': 'two' }));
    await logWhen('mounted', 'changed');
    const host = await cluster.run('ls', ['-d', '/etc/no-such-app', '/no-such-top', '/opt/only.yaml', '/tmp/mine']);
    expect(host.stdout).toBe('');
  });

  it('a missing one keeps the container from being created, with an event', async () => {
    const volumeMounts = [{ name: 'files', mountPath: '/etc/files' }];
    const volumes = [{ name: 'files', configMap: { name: 'late-files' } }];
    await on.apply(script('unmounted', 'cat /etc/files/a', { volumeMounts }, { volumes }));
    const event = await waitUntil('FailedMount', async () =>
      (await on.events('unmounted')).find((each) => each.reason === 'FailedMount'),
    );
    expect(event.message).toBe('MountVolume.SetUp failed for volume "files" : configmap "late-files" not found');
    const waiting = await on.podWhen(
      'unmounted',
      'is being created',
      (pod) => pod.status.containerStatuses !== undefined,
    );
    expect(waiting.status.containerStatuses?.[0]?.state.waiting?.reason).toBe('ContainerCreating');
    await on.apply(data('ConfigMap', 'late-files', { a: 'here' }));
    await logWhen('unmounted', 'here');
  });
});

describe('the pod’s own identity', () => {
  it('is at the usual place, so that an in-cluster client works unchanged', async () => {
    await on.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'worker' } });
    const text = `
      cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; echo
      kubectl auth whoami -o jsonpath='{.status.userInfo.username}{"\\n"}'
      kubectl get pods 2>&1 | head -1 || true; echo done`;
    await on.apply(script('identified', text, {}, { serviceAccountName: 'worker' }));
    expect((await logWhen('identified', 'done')).split('\n').slice(0, 3)).toEqual([
      'default',
      'system:serviceaccount:default:worker',
      expect.stringContaining('pods is forbidden: User "system:serviceaccount:default:worker"'),
    ]);
  });

  it('the test application’s token is where its environment says, bound to the pod', async () => {
    await on.apply(aBarePod('tokened'));
    const { metadata } = await on.podWhen('tokened', 'is ready', isReady);
    const own = join(cluster.dir, 'pods', 'default_tokened', `.pod-${metadata.uid}`, 'volumes');
    const [volume = ''] = (await cluster.run('ls', [own])).stdout.trim().split('\n');
    const token = (await cluster.run('cat', [join(own, volume, 'token')])).stdout;
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ 'kubernetes.io': { pod: { name: 'tokened', uid: metadata.uid } } });
    expect((await cluster.run('ls', [join(own, volume)])).stdout.split('\n')).toEqual(
      expect.arrayContaining(['ca.crt', 'namespace']),
    );
  });
});
