/** @long 45 s */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { aBarePod, aDeployment, aWebContainer, envOf, isReady, talkTo } from '../cluster/kubelet/test-cluster.ts';
import type { SeenPod } from '../cluster/kubelet/test-cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { up } from '../cluster/up.ts';

jest.setTimeout(240_000);

let cluster: Cluster;
let on: ReturnType<typeof talkTo>;

beforeAll(async () => {
  cluster = await up({ istio: false, prometheus: false, crds: [] });
  on = talkTo(cluster, 'default');
}, 1_800_000);
// Undefined where `up` failed, which is then the error to see.
afterAll(() => (cluster as Cluster | undefined)?.down());

const container = (pod: SeenPod) => pod.status.containerStatuses?.[0];
const waiting = (reason: string) => (pod: SeenPod) => container(pod)?.state.waiting?.reason === reason;
/** What listens at a pod's address, as `ss` shows it with its process. */
const listeners = async (pod: SeenPod): Promise<string> =>
  (await cluster.run('ss', ['-Hltnp', `src ${pod.status.podIP ?? 'nowhere'}`])).stdout.trim();

describe('pods that run', () => {
  it('a Deployment of three becomes ready, each pod serves at an address of its own and is an endpoint', async () => {
    await on.apply(aDeployment('web', 3), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
    });
    await on.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    const pods = await on.pods('app=web');
    const addresses = pods.map((pod) => pod.status.podIP ?? '').sort();
    expect(new Set(addresses).size).toBe(3);
    for (const { metadata } of pods) {
      expect(JSON.parse(await on.ask(metadata.name, '/'))).toEqual({ version: 'v1', pod: metadata.name });
    }
    const slices = await waitUntil('three endpoints', async () => {
      const path = 'jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}';
      const ready = await on.kubectl('get', 'endpointslices', '-l', 'kubernetes.io/service-name=web', '-o', path);
      return ready.split(' ').length === 3 ? ready.split(' ').sort() : undefined;
    });
    expect(slices).toEqual(addresses);
    expect(await on.ask(pods[0]?.metadata.name ?? '', '/metrics')).toContain('destination_workload="web"');
  });

  /** Tells the application in a pod how to behave. */
  const admin = (at: string, query: string) =>
    on.kubectl('create', '--raw', `/api/v1/namespaces/default/pods/${at}/proxy/admin?${query}`, '-f', '/dev/null');

  it('readiness that fails takes the pod out, with the reason, and lets it in again', async () => {
    await on.apply(aBarePod('moody'));
    await on.podWhen('moody', 'is ready', isReady);
    await admin('moody:8080', 'failReadiness=true');
    const out = await on.podWhen('moody', 'is not ready', (pod) => !isReady(pod));
    expect(out.status.phase).toBe('Running');
    expect(out.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'ContainersReady',
        status: 'False',
        message: 'containers with unready status: [web]',
      }),
    );
    await admin('moody:8080', 'failReadiness=false');
    expect(container(await on.podWhen('moody', 'is ready again', isReady))?.restartCount).toBe(0);
    expect(await on.events('moody')).toContainEqual(
      expect.objectContaining({
        reason: 'Unhealthy',
        message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
      }),
    );
  });

  it('a pod of two is ready when both containers are', async () => {
    const late = aWebContainer({
      name: 'late',
      env: envOf({ PORT: '8081', FAIL_READINESS: 'true' }),
      readinessProbe: { httpGet: { path: '/readyz', port: 8081 }, periodSeconds: 1 },
    });
    await on.apply(aBarePod('pair', {}, { containers: [aWebContainer(), { ...late, ports: [] }] }));
    const half = await on.podWhen('pair', 'is half ready', (pod) => container(pod)?.ready === true);
    expect([isReady(half), half.status.containerStatuses?.[1]?.ready]).toEqual([false, false]);
    await admin('pair:8081', 'failReadiness=false');
    await on.podWhen('pair', 'is ready', isReady);
  });

  it('init containers run in order before the others; a sidecar runs beside them and ends after them', async () => {
    const step = (name: string) => ({
      name,
      image: 'sluice.test/host:x',
      command: ['sh', '-c', `echo ${name} >> /order/order`],
      volumeMounts: [{ name: 'order', mountPath: '/order' }],
    });
    const sidecar = {
      ...step('side'),
      restartPolicy: 'Always',
      command: ['sh', '-c', 'echo side >> /order/order; sleep 1000'],
    };
    // A sidecar counts as started when its process runs, not when it has said something: the next one waits for its word,
    // and would do so for ever if the sidecar came after it.
    const one = {
      ...step('one'),
      command: ['sh', '-c', 'until grep -q side /order/order; do sleep 0.05; done; echo one >> /order/order'],
    };
    const last = { ...step('last'), command: ['cat', '/order/order'] };
    await on.apply(
      aBarePod(
        'ordered',
        {},
        {
          restartPolicy: 'Never',
          initContainers: [step('zero'), sidecar, one],
          containers: [{ ...last, terminationMessagePolicy: 'FallbackToLogsOnError' }],
          volumes: [{ name: 'order', emptyDir: {} }],
        },
      ),
    );
    const pod = await on.podWhen('ordered', 'succeeds', (seen) => seen.status.phase === 'Succeeded');
    expect(pod.status.initContainerStatuses?.map((each) => each.state.terminated?.exitCode)).toEqual([0, 143, 0]);
    const log = await cluster.run('cat', [join(cluster.dir, 'pods', 'default_ordered', 'last.log')]);
    expect(log.stdout).toBe('zero\nside\none\n');
  });
});

describe('pods that do not', () => {
  it('a crash loop is reported with exit code and message, and counted', async () => {
    const env = envOf({ CRASH_AFTER_MS: '0', EXIT_CODE: '3', CRASH_MESSAGE: 'cannot reach the database' });
    await on.apply(aBarePod('crashing', { env }));
    const pod = await on.podWhen('crashing', 'backs off for the third time', (seen) => {
      return waiting('CrashLoopBackOff')(seen) && (container(seen)?.restartCount ?? 0) >= 2;
    });
    expect(pod.status.phase).toBe('Running');
    expect(container(pod)?.state.waiting?.message).toMatch(
      /^back-off \d+s restarting failed container=web pod=crashing_default\(.+\)$/,
    );
    expect(container(pod)?.lastState.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
      message: 'cannot reach the database',
    });
    expect(await on.events('crashing')).toContainEqual(expect.objectContaining({ reason: 'BackOff' }));
  });

  it('a container that logs before it fails leaves its last lines where its policy asks for them', async () => {
    const failing = (name: string, terminationMessagePolicy: string) =>
      aBarePod(
        name,
        {},
        {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'c',
              image: 'sluice.test/host:x',
              command: ['sh', '-c', 'echo first; echo last >&2; exit 7'],
              terminationMessagePolicy,
            },
          ],
        },
      );
    await on.apply(failing('talks', 'FallbackToLogsOnError'), failing('silent', 'File'));
    const ended = async (name: string) =>
      container(await on.podWhen(name, 'failed', (pod) => pod.status.phase === 'Failed'))?.state.terminated;
    expect(await ended('talks')).toMatchObject({ exitCode: 7, message: 'first\nlast\n' });
    expect((await ended('silent'))?.message).toBeUndefined();
  });

  it('an image that no registry has goes from ErrImagePull to ImagePullBackOff, and recovers when it is changed', async () => {
    await on.apply(aBarePod('imageless', { image: 'example.test/nothing:v9' }));
    const pod = await on.podWhen('imageless', 'backs off', waiting('ImagePullBackOff'));
    expect(pod.status.phase).toBe('Pending');
    expect(container(pod)?.state.waiting?.message).toContain('Back-off pulling image "example.test/nothing:v9"');
    expect((await on.events('imageless')).map((event) => event.reason)).toEqual(
      expect.arrayContaining(['Failed', 'BackOff']),
    );
    await on.kubectl('set', 'image', 'pod/imageless', 'web=sluice.test/app:v2');
    await on.podWhen('imageless', 'is ready', isReady);
    expect(JSON.parse(await on.ask('imageless', '/'))).toMatchObject({ version: 'v2' });
  });

  it('a program that does not exist is a StartError', async () => {
    await on.apply(
      aBarePod('absent', { image: 'sluice.test/host:x', command: ['no-such-program'] }, { restartPolicy: 'Never' }),
    );
    const pod = await on.podWhen('absent', 'failed', (seen) => seen.status.phase === 'Failed');
    expect(container(pod)?.state.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' });
    expect(container(pod)?.state.terminated?.message).toContain('"no-such-program": executable file not found');
  });

  it('memory beyond the limit is OOMKilled', async () => {
    const limits = { memory: '48Mi' };
    await on.apply(
      aBarePod('greedy', { env: envOf({ MEMORY_MB: '100' }), resources: { limits } }, { restartPolicy: 'Never' }),
    );
    const pod = await on.podWhen('greedy', 'failed', (seen) => seen.status.phase === 'Failed');
    expect(container(pod)?.state.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  it('liveness that fails restarts the container, gracefully', async () => {
    const livenessProbe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, failureThreshold: 2 };
    const env = envOf({ FAIL_LIVENESS: 'true', SHUTDOWN_DELAY_MS: '0' });
    await on.apply(aBarePod('dying', { livenessProbe, env }));
    const pod = await on.podWhen('dying', 'was restarted', (seen) => (container(seen)?.restartCount ?? 0) >= 1);
    expect(container(pod)?.lastState.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(await on.events('dying')).toContainEqual(
      expect.objectContaining({ reason: 'Killing', message: 'Container web failed liveness probe, will be restarted' }),
    );
  });

  it('a pod that fits no node stays pending and says so', async () => {
    await on.apply(aBarePod('picky', {}, { nodeSelector: { disk: 'gold' } }));
    const pod = await on.podWhen(
      'picky',
      'is unschedulable',
      (seen) =>
        seen.status.conditions?.some((each) => each.type === 'PodScheduled' && each.reason === 'Unschedulable') ===
        true,
    );
    expect(pod.status.phase).toBe('Pending');
    expect(pod.status.podIP).toBeUndefined();
  });
});

describe('pods that end', () => {
  it('a deleted pod says it is not ready and still answers; a shorter grace period ends it, and leaves no process', async () => {
    await on.apply(
      aBarePod('leaving', { env: envOf({ SHUTDOWN_DELAY_MS: '600000' }) }, { terminationGracePeriodSeconds: 600 }),
    );
    expect(await listeners(await on.podWhen('leaving', 'is ready', isReady))).toContain('sluice-testapp');
    await on.kubectl('delete', 'pod', 'leaving', '--wait=false');
    const going = await on.podWhen('leaving', 'is not ready', (pod) => !isReady(pod));
    expect(going.metadata.deletionTimestamp).toBeDefined();
    expect(JSON.parse(await on.ask('leaving', '/'))).toMatchObject({ pod: 'leaving' });
    await on.kubectl('delete', 'pod', 'leaving', '--grace-period=1', '--timeout=120s');
    expect(await listeners(going)).toBe('');
  });

  it('preStop runs first; a process that ignores SIGTERM is killed when its grace period is over', async () => {
    const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'echo stopping >> $MOUNT_OUT/hook'] } } };
    const command = ['sh', '-c', 'trap "" TERM; echo up; while true; do sleep 0.1; done'];
    const stubborn = { name: 'c', image: 'sluice.test/host:x', command, lifecycle };
    const out = join(cluster.dir, 'pre-stop');
    await cluster.run('mkdir', ['-p', out]);
    await on.apply(
      aBarePod(
        'stubborn',
        {},
        {
          terminationGracePeriodSeconds: 2,
          volumes: [{ name: 'out', hostPath: { path: out } }],
          containers: [{ ...stubborn, volumeMounts: [{ name: 'out', mountPath: '/out' }] }],
        },
      ),
    );
    await on.podWhen('stubborn', 'is ready', isReady);
    const begin = Date.now();
    await on.kubectl('delete', 'pod', 'stubborn', '--timeout=120s');
    expect(Date.now() - begin).toBeGreaterThanOrEqual(2000);
    expect((await cluster.run('cat', [join(out, 'hook')])).stdout).toBe('stopping\n');
  });

  it('a forced deletion ends the process at once', async () => {
    await on.apply(
      aBarePod('forced', { env: envOf({ SHUTDOWN_DELAY_MS: '60000' }) }, { terminationGracePeriodSeconds: 60 }),
    );
    const pod = await on.podWhen('forced', 'is ready', isReady);
    expect(await listeners(pod)).toContain('sluice-testapp');
    await on.kubectl('delete', 'pod', 'forced', '--grace-period=0', '--force');
    await waitUntil('the process to be gone', async () => ((await listeners(pod)) === '' ? true : undefined));
  });

  it('a job’s pod runs once and succeeds', async () => {
    const spec = {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'sluice.test/host:x', command: ['true'] }],
    };
    await on.apply({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { template: { spec } } });
    await on.kubectl('wait', '--for=condition=complete', 'job/once', '--timeout=120s');
    await on.kubectl('delete', 'job', 'once', '--timeout=120s');
  });
});

describe('the kubelet’s own end', () => {
  it('takes every process with it; the next one starts the pods anew and keeps counting', async () => {
    const family = { name: 'c', image: 'sluice.test/host:x', command: ['sh', '-c', 'sleep 98765 & wait'] };
    await on.apply(aDeployment('lasting', 2), aBarePod('family', {}, { containers: [family] }));
    await on.podWhen('family', 'is ready', isReady);
    await on.kubectl('rollout', 'status', 'deployment/lasting', '--timeout=120s');
    const kubelet = cluster.component('kubelet');
    await kubelet.stop('SIGKILL');
    const pgrep = async (words: string) => (await cluster.run('pgrep', ['-xf', words])).stdout.trim();
    const processes = () => pgrep('sluice-testapp serve');
    await waitUntil('no process to be left', async () => ((await processes()) === '' ? true : undefined));
    const child = await pgrep('sleep 98765');
    expect(child).not.toBe('');
    const [deletedMeanwhile] = await on.pods('app=lasting');
    await on.kubectl('delete', 'pod', deletedMeanwhile?.metadata.name ?? '', '--wait=false');
    await kubelet.start();
    await on.kubectl('wait', '--for=delete', `pod/${deletedMeanwhile?.metadata.name ?? ''}`, '--timeout=120s');
    await on.kubectl('rollout', 'status', 'deployment/lasting', '--timeout=120s');
    const pods = await waitUntil('both pods to be ready', async () => {
      const seen = await on.pods('app=lasting');
      return seen.length === 2 && seen.every(isReady) ? seen : undefined;
    });
    expect(pods.map((pod) => container(pod)?.restartCount).sort()).toEqual([0, 1]);
    await waitUntil('the child of a container to run anew, once', async () => {
      const now = await pgrep('sleep 98765');
      return /^\d+$/.test(now) && now !== child ? now : undefined;
    });
    const survivor = pods.find((pod) => container(pod)?.restartCount === 1);
    expect(container(survivor ?? pods[0]!)?.lastState.terminated?.reason).toBe('ContainerStatusUnknown');
    expect(JSON.parse(await on.ask(survivor?.metadata.name ?? '', '/'))).toMatchObject({ version: 'v1' });
  });

  it('survives an API server that is away, which then learns what happened meanwhile', async () => {
    await on.apply(aBarePod('steady', { env: envOf({ PORT: '8090' }), readinessProbe: { tcpSocket: { port: 8090 } } }));
    const steady = await on.podWhen('steady', 'is ready', isReady);
    const apiServer = cluster.component('kube-apiserver');
    await apiServer.stop();
    const pid = /pid=(\d+)/.exec(await listeners(steady))?.[1] ?? 'none';
    expect((await cluster.run('kill', ['-9', pid])).code).toBe(0);
    await apiServer.start();
    const pod = await on.podWhen('steady', 'was restarted', (seen) => container(seen)?.restartCount === 1);
    expect(container(pod)?.lastState.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
    await on.podWhen('steady', 'is ready again', isReady);
    await on.apply(aBarePod('after'));
    await on.podWhen('after', 'is ready', isReady);
  });
});
