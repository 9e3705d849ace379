import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parse } from 'yaml';
import type { ToolName } from '../cluster/binaries/catalog.ts';
import { TOOLS } from '../cluster/binaries/catalog.ts';
import { renderBootstrap, renderSidecar } from '../cluster/client-proxy.ts';
import { renderFiles } from '../cluster/cluster-files.ts';
import type { ClusterShape } from '../cluster/cluster-plan.ts';
import { planCluster, toolsFor } from '../cluster/cluster-plan.ts';
import type { ComponentSpec } from '../cluster/component-spec.ts';
import type { HostFacts } from '../cluster/host-checks.ts';
import { HostError, judgeHost } from '../cluster/host-checks.ts';
import { clustersRoot, layoutOf, USERS } from '../cluster/layout.ts';
import { nsenterArgs, unshareArgs } from '../cluster/namespace.ts';
import { childrenOf, identify, isAlive, signalProcess } from '../cluster/process-identity.ts';
import { renderStaticTargets } from '../cluster/prometheus-config.ts';
import { shapeOf } from '../cluster/up.ts';
import { inTime } from '../cluster/in-time.ts';

const layout = layoutOf('/clusters/a');
const tokens = Object.fromEntries(USERS.map((user) => [user, `token-of-${user}`])) as Record<
  (typeof USERS)[number],
  string
>;

const plan = (options: Partial<ClusterShape>): ComponentSpec[] => {
  const shape = shapeOf(options);
  const tools = new Map(toolsFor(shape).map((name): [ToolName, string] => [name, `/cache/${name}`]));
  return planCluster({
    layout,
    shape,
    tools,
    crds: new Map(shape.crds.map((name) => [name, `/cache/${name}.yaml`])),
    env: {},
  });
};

describe('the plan', () => {
  test.each<[string, Partial<ClusterShape>]>([
    ['everything', {}],
    ['without a mesh', { istio: false, crds: [] }],
    ['the control plane alone', { istio: false, prometheus: false, kubelet: 'none', crds: [] }],
    ['instant pods', { kubelet: 'instant' }],
  ])('%s: every need is a component named before, every program was asked for', (_name, options) => {
    const specs = plan(options);
    specs.forEach(({ needs }, index) => {
      const before = specs.slice(0, index).map(({ name }) => name);
      expect(before).toEqual(expect.arrayContaining([...needs]));
    });
    expect(new Set(specs.map(({ logFile }) => logFile)).size).toBe(specs.length);
  });

  test('leaves out what was not asked for', () => {
    const names = plan({ istio: false, prometheus: false, kubelet: 'none' }).map(({ name }) => name);
    expect(names).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager', 'default-account']);
    expect(toolsFor(shapeOf({ istio: false, prometheus: false, kubelet: 'none' }))).not.toContain('pilot-discovery');
  });

  test('tells the kubelet how pods run', () => {
    const argv: readonly string[] = plan({ kubelet: 'instant' }).find(({ name }) => name === 'kubelet')?.argv ?? [];
    expect(argv.slice(argv.indexOf('--mode'), argv.indexOf('--mode') + 2)).toEqual(['--mode', 'instant']);
  });

  test('everything takes all of the catalogue', () => {
    expect([...toolsFor(shapeOf({}))].sort()).toEqual(TOOLS.map(({ name }) => name).sort());
  });

  test('extra flags reach the API server', () => {
    const api = plan({ apiServerArgs: ['--v=4'] }).find(({ name }) => name === 'kube-apiserver');
    expect(api?.argv).toContain('--v=4');
  });
});

describe('the files', () => {
  const files = renderFiles(layout, tokens, [{ job: 'sluice', targets: ['10.244.0.1:9100'] }]);

  test('each user of the API has its own token in its own kubeconfig', () => {
    const lines = files.get(layout.tokens)?.trim().split('\n');
    expect(lines).toHaveLength(USERS.length);
    for (const user of USERS) {
      const name = user === 'kube-controller-manager' ? 'system:kube-controller-manager' : user;
      expect(lines).toContain(`token-of-${user},${name},${user},"system:masters"`);
      const { users } = parse(files.get(layout.kubeconfig(user)) ?? '') as { users: unknown[] };
      expect(users).toEqual([{ name: user, user: { token: `token-of-${user}` } }]);
    }
  });

  test('static targets keep their job and path', () => {
    const text = renderStaticTargets([{ job: 'j', targets: ['a:1'], path: '/m', labels: { x: 'y' } }]);
    expect(JSON.parse(text)).toEqual([{ targets: ['a:1'], labels: { x: 'y', job: 'j', __metrics_path__: '/m' } }]);
  });

  test.each([
    [{ SLUICE_CLUSTERS: '/s', XDG_RUNTIME_DIR: '/run/user/1' }, '/s/sluice-clusters'],
    [{ XDG_RUNTIME_DIR: '/run/user/1' }, '/run/user/1/sluice-clusters'],
  ])('for %j clusters are in %s', (env, expected) => {
    expect(clustersRoot(env)).toBe(expected);
  });
});

describe('the client proxy', () => {
  const identity = { name: 'client-7', namespace: 'shop', address: '10.244.250.7' };

  test("its node and its Sidecar name the same workload, so that one client's listener is nobody else's", () => {
    const { node } = renderBootstrap(identity) as { node: { id: string; metadata: { LABELS: object } } };
    const { spec } = renderSidecar(identity, 80) as {
      spec: { workloadSelector: { labels: object }; egress: object[] };
    };
    expect(node.id).toBe('sidecar~10.244.250.7~client-7.shop~shop.svc.cluster.local');
    expect(spec.workloadSelector.labels).toEqual(node.metadata.LABELS);
    expect(spec.egress).toEqual([
      {
        port: { number: 80, protocol: 'HTTP', name: 'http' },
        bind: '10.244.250.7',
        captureMode: 'NONE',
        hosts: ['shop/*'],
      },
    ]);
  });
});

describe('namespaces', () => {
  test('a user becomes root inside; root needs no user namespace', () => {
    expect(unshareArgs('user').slice(0, 2)).toEqual(['--user', '--map-root-user']);
    expect(unshareArgs('root')).not.toContain('--user');
    expect(nsenterArgs('user', 7)).toEqual([
      ...['--target', '7', '--user', '--preserve-credentials'],
      ...['--net', '--mount', '--pid', '--'],
    ]);
  });
});

describe('the host', () => {
  const good: HostFacts = {
    platform: 'linux',
    root: false,
    absent: new Set(),
    mode: 'user',
    go: true,
    pip: true,
    toBuild: ['etcd'],
    toFetch: ['envoy'],
  };

  test('that has everything has no problem', () => {
    expect(judgeHost(good)).toEqual([]);
  });

  test.each<[string, Partial<HostFacts>, RegExp]>([
    ['is not Linux', { platform: 'darwin' }, /needs Linux, this is darwin/],
    ['has no iproute2', { absent: new Set(['ip']) }, /ip not found.*apt-get install iproute2/],
    [
      'has no util-linux',
      { absent: new Set(['unshare', 'flock']) },
      /unshare, flock not found.*apt-get install util-linux/,
    ],
    ['forbids user namespaces', { mode: undefined }, /without root.*user\.max_user_namespaces/],
    ['is a container without rights', { mode: undefined, root: true }, /SYS_ADMIN/],
    ['has no pip but needs it', { pip: false }, /fetch envoy.*python3-pip/],
    ['has neither Go nor tar', { go: false, absent: new Set(['tar']) }, /build etcd.*Go 1\.26/],
  ])('that %s is told what to do', (_name, facts, expected) => {
    const [problem, ...others] = judgeHost({ ...good, ...facts });
    expect(`${problem?.what} ${problem?.remedy}`).toMatch(expected);
    expect(others).toEqual([]);
  });

  test('all problems are told at once', () => {
    const problems = judgeHost({ ...good, absent: new Set(['ip', 'nsenter']), mode: undefined, pip: false });
    expect(problems).toHaveLength(4);
    expect(new HostError(problems).message.split('\n')).toHaveLength(9);
  });

  test('nothing is asked for what the cache already has', () => {
    expect(judgeHost({ ...good, go: false, pip: false, toBuild: [], toFetch: [], absent: new Set(['tar']) })).toEqual(
      [],
    );
  });
});

describe('a process', () => {
  test('is told from a later one with its number, and is gone once it has ended', async () => {
    const child = spawn('sleep', ['1000']);
    const identity = (await identify(child.pid!))!;
    expect(await isAlive(identity)).toBe(true);
    expect(await childrenOf(process.pid)).toContain(child.pid);
    expect(await signalProcess({ ...identity, startTime: '1' }, 'SIGKILL')).toBe(false);
    expect(await isAlive(identity)).toBe(true);
    expect(await signalProcess(identity, 'SIGKILL')).toBe(true);
    await inTime('it to end', once(child, 'exit'));
    expect(await isAlive(identity)).toBe(false);
  });
});
