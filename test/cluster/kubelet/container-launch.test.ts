import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from './api-client.ts';
import { baseEnv, isMounted, prepareLaunch } from './container-launch.ts';
import type { LaunchSite } from './container-launch.ts';
import type { NodeContext } from './node-context.ts';
import { PodVolumes } from './pod-volumes.ts';
import { aContainer, aPod, lookupOf } from './test-support.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kubelet-launch-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const TOKEN = { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };

const host = (over: object = {}) =>
  aContainer({ image: 'sluice.test/host:x', volumeMounts: [TOKEN, { name: 'tls-cert', mountPath: '/tls' }], ...over });

/** A node that can or cannot mount volumes, with a dummy API server. */
const siteOf = (canMount: boolean): LaunchSite => {
  const volumes = [
    { name: TOKEN.name, projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    { name: 'tls-cert', secret: { secretName: 'tls' } },
  ];
  const api = { access: { server: new URL('https://10.244.0.1:6443') } } as ApiClient;
  const pod = aPod({ spec: { volumes } });
  const facts = () => ({ pod, podIP: '10.244.1.1', hostIP: '10.244.0.1', nodeName: 'node' });
  return {
    node: { api, binDir: '/opt/bin', canMount } as NodeContext,
    dirs: { logs: join(dir, 'pod'), own: join(dir, 'pod', '.pod-u1') },
    volumes: new PodVolumes(api, join(dir, 'volumes'), facts, lookupOf({})),
    facts,
  };
};

describe('what a container starts with', () => {
  it('names the API server, its volumes and nothing of the kubelet’s own identity', () => {
    process.env['KUBELET_LAUNCH_TEST'] = 'leak';
    const env = baseEnv(host(), siteOf(true));
    delete process.env['KUBELET_LAUNCH_TEST'];
    expect(env).toMatchObject({
      KUBERNETES_SERVICE_HOST: '10.244.0.1',
      KUBERNETES_SERVICE_PORT: '6443',
      HOSTNAME: 'web-1',
      MOUNT_TLS_CERT: join(dir, 'volumes', 'tls-cert'),
      TERMINATION_MESSAGE_PATH: '/dev/termination-log',
    });
    expect(env['PATH']).toMatch(/^\/opt\/bin:/);
    expect(Object.keys(env)).not.toEqual(expect.arrayContaining(['KUBELET_LAUNCH_TEST']));
    expect(env['KUBECONFIG']).toBeUndefined();
    expect(env['POD_IP']).toBeUndefined();
  });

  it('is its version, address and name for the test application', () =>
    expect(baseEnv(aContainer({ image: 'sluice.test/app:v3' }), siteOf(true))).toMatchObject({
      APP_VERSION: 'v3',
      POD_IP: '10.244.1.1',
      POD_NAME: 'web-1',
      POD_NAMESPACE: 'shop',
    }));

  it('is a kubeconfig of the pod where nothing can be mounted', async () => {
    const site = siteOf(false);
    const env = baseEnv(host(), site);
    const launch = await prepareLaunch(host(), ['true'], env, site);
    expect(launch.mounts).toEqual([]);
    const config = JSON.parse(await readFile(env['KUBECONFIG'] ?? '', 'utf8')) as {
      users: object[];
      clusters: object[];
    };
    expect(config.users).toEqual([{ name: 'pod', user: { tokenFile: join(dir, 'volumes', TOKEN.name, 'token') } }]);
    expect(config.clusters).toMatchObject([{ cluster: { server: 'https://10.244.0.1:6443' } }]);
    expect(env['TERMINATION_MESSAGE_PATH']).toBe(join(site.dirs.own, 'web', 'termination-log'));
  });

  it('is its volumes at their paths where they can be mounted', async () => {
    const container = host({ resources: { limits: { memory: '64Mi' } }, workingDir: '/srv' });
    const launch = await prepareLaunch(container, ['true'], {}, siteOf(true));
    expect(launch.mounts.map((mount) => mount.target)).toEqual([TOKEN.mountPath, '/tls', '/dev/termination-log']);
    expect(launch).toMatchObject({ memoryLimit: 64 * 2 ** 20, workDir: '/srv' });
  });

  it.each([
    ['the application with its token only', aContainer({ volumeMounts: [TOKEN] }), false],
    ['the application with files', aContainer({ volumeMounts: [TOKEN, { name: 'a', mountPath: '/a' }] }), true],
    ['the host with its token only', host({ volumeMounts: [TOKEN] }), true],
    ['the host without volumes', host({ volumeMounts: [] }), false],
  ])('%s', (_case, container, mounted) => expect(isMounted(container, true)).toBe(mounted));
});
