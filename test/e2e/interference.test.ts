/** What people and tools do to a workload in the middle of its release. @long 60 s */
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { virtualServices } from '../../src/traffic/istio.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { canonical } from '../support/canonical.ts';
import { begin, lifeOf } from '../support/life.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import type { Sluice } from '../support/sluice-process.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';

jest.setTimeout(240_000);

const policy = (interval: string): Record<string, string> => ({
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '25,50',
  'sluice.dev/interval': interval,
});
const slow = (
  version: string,
  rest: { replicas?: number; annotations?: Record<string, string>; image?: string } = {},
): object => app({ version, ...rest, annotations: { ...policy('1h'), ...rest.annotations } });

let stage: Stage;
let sluice: Sluice;
let version = 1;

beforeAll(async () => {
  stage = await Stage.set('interference');
  sluice = await stage.sluice();
  await stage.apply(service(), slow('v1'));
  await stage.untilRolledOut();
});

afterAll(async () => stage.teardown());

/** A release that stays at its first step, of a version of its own. */
const midRelease = async (): Promise<string> => {
  version += 1;
  await stage.apply(slow(`v${version}`));
  const release = await stage.untilStep(1);
  return release.name;
};

/** Version 1 was good at the beginning and stays known to be. */
const backToStable = async (): Promise<void> => {
  await stage.apply(slow('v1'));
  await stage.until('no release under way', () =>
    stage.releases().every(({ status }) => status?.completedAt !== undefined),
  );
  await stage.untilRolledOut();
};

describe('applying the same manifest again', () => {
  let release: string;
  beforeAll(async () => {
    release = await midRelease();
  });
  afterAll(backToStable);

  test.each([
    ['client-side apply', ['apply']],
    ['server-side apply', ['apply', '--server-side', '--force-conflicts']],
    ['replace', ['replace']],
  ])('by %s changes nothing', async (_how, verb) => {
    const before = stage.deployment();
    const { code, stderr } = await stage.send([slow(`v${version}`)], ...verb);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    await stage.until('the write to be seen', () => stage.deployment()?.metadata.resourceVersion !== undefined);
    expect(stage.deployment()?.spec).toEqual(before?.spec);
    expect(stage.deployment()?.metadata.annotations).toMatchObject({ 'sluice.dev/release': release });
    expect(stage.release()).toMatchObject({ name: release, status: { phase: 'Progressing', step: 1 } });
  });

  test('and rollout resume does not promote, but says what would', async () => {
    const said = await stage.kubectlOk('rollout', 'resume', 'deployment/web');
    expect(said).toContain('kubectl sluice promote');
    expect(stage.deployment()?.spec?.['paused']).toBe(true);
    expect(stage.release()).toMatchObject({ name: release, status: { phase: 'Progressing', step: 1 } });
  });

  test('and a server-side dry run of another version shows the pause and changes nothing', async () => {
    const { stdout } = await stage.send([slow('v99')], 'apply', '--dry-run=server', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ spec: { paused: true } });
    expect(stage.release()?.name).toBe(release);
  });
});

describe('scaling', () => {
  test('to 6 reaches stable and canary', async () => {
    await midRelease();
    await stage.kubectlOk('scale', 'deployment/web', '--replicas=6');
    await stage.until(
      '6 stable pods and 2 canary pods',
      () =>
        stage.deployment()?.status?.['readyReplicas'] === 6 &&
        stage.deployment('web-canary')?.status?.['readyReplicas'] === 2,
    );
    await stage.kubectlOk('scale', 'deployment/web', '--replicas=3');
    await backToStable();
  });
});

describe('people who act', () => {
  test('skip rolls this one template natively and is recorded with its reason', async () => {
    version += 1;
    await stage.apply(slow(`v${version}`, { annotations: { 'sluice.dev/skip': 'INC-42 hotfix' } }));
    const { spec, status } = await stage.untilPhase('Skipped');
    expect({ reason: spec.reason, message: status?.message }).toMatchObject({
      reason: 'INC-42 hotfix',
      message: expect.stringContaining('INC-42 hotfix'),
    });
    await stage.untilRolledOut();
    expect(stage.deployment()?.spec?.['paused']).toBeUndefined();
    await stage.apply(slow('v1', { annotations: { 'sluice.dev/skip': 'back again' } }));
    await stage.untilRolledOut();
  });

  test('promote asked for by the plugin skips the rest and is acknowledged with its author', async () => {
    const release = await midRelease();
    const { code, stdout, stderr } = await stage.cluster.run('bin/kubectl-sluice', [
      '-n',
      stage.namespace,
      'promote',
      'web',
      '--reason',
      'looks fine',
    ]);
    expect({ code, said: stdout + stderr }).toMatchObject({ code: 0 });
    const { status, name } = await stage.untilPhase('Succeeded');
    expect(name).toBe(release);
    expect(status?.acknowledged).toMatchObject([
      { verb: 'promote', by: 'admin', reason: 'looks fine', result: 'accepted' },
    ]);
  });

  test('abort asked for by the plugin puts the stable template back', async () => {
    const stable = `sluice.test/app:v${version}`;
    await midRelease();
    const { code } = await stage.cluster.run('bin/kubectl-sluice', [
      '-n',
      stage.namespace,
      'abort',
      'web',
      '--reason',
      'not today',
    ]);
    expect(code).toBe(0);
    const { status } = await stage.untilPhase('Aborted');
    expect(status?.message).toContain('not today');
    expect(JSON.stringify(stage.deployment()?.spec?.['template'])).toContain(stable);
    await stage.untilRolledOut();
  });
});

describe('a quota', () => {
  test('that refuses the canary holds the release with its words, and frees it when it is gone', async () => {
    const quota = (services: string): object => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'one' },
      spec: { hard: { 'count/deployments.apps': '1', 'count/services': services } },
    });
    const untilTold = (words: string): Promise<SeenRelease> =>
      stage.until(`the words of the quota on ${words}`, () => {
        const { message = '' } = stage.release()?.status ?? {};
        return message.includes(`exceeded quota: one, requested: ${words}=1`) ? stage.release() : undefined;
      });
    await stage.apply(quota('1'));
    await stage.kubectlOk(
      'wait',
      'resourcequota/one',
      '--for=jsonpath={.status.used.count/deployments\\.apps}=1',
      '--timeout=20s',
    );
    version += 1;
    await stage.apply(slow(`v${version}`));
    expect((await untilTold('count/services')).status).toMatchObject({ phase: 'Preparing' });
    await stage.apply(quota('2'));
    const { name, status } = await untilTold('count/deployments.apps');
    expect(status).toMatchObject({ phase: 'Preparing' });
    expect(stage.deployment()?.status?.['availableReplicas']).toBe(3);
    await stage.kubectlOk('delete', 'resourcequota', 'one');
    const freed = await stage.untilStep(1);
    expect([freed.name, freed.status?.lastWriteError, freed.status?.message]).toEqual([
      name,
      undefined,
      '25 % of the traffic for the canary',
    ]);
    await backToStable();
  });
});

describe('a canary that cannot run', () => {
  beforeEach(() => {
    version += 1;
  });

  test.each([
    ['ImagePullBackOff', { image: 'sluice.test/missing:v1' }],
    ['CrashLoopBackOff', { env: { CRASH_AFTER_MS: '0', CRASH_MESSAGE: 'no database' } }],
  ])('fails with its reason: %s', async (reason, rest) => {
    const annotations = { ...policy('1h'), 'sluice.dev/progress-deadline': '8s' };
    const before = stage.release()?.name;
    await stage.apply(app({ version: `v${version}`, ...rest, annotations }));
    const { status } = await stage.untilPhase('Failed', before);
    expect(status).toMatchObject({ ending: { reason: 'CanaryNotReady' } });
    expect(status?.pods?.[0]?.reason).toMatch(reason === 'ImagePullBackOff' ? /ImagePull/ : /CrashLoopBackOff/);
    expect(status?.message).toContain(status?.pods?.[0]?.reason);
    if (reason === 'CrashLoopBackOff') expect(status?.message).toContain('no database');
    expect((await stage.kubectl('rollout', 'status', 'deployment/web', '--timeout=20s')).code).toBe(1);
  });
});

/** A version that differs from the one before in its pod spec, too. */
const withPodSpec = (podSpec: object, container: object = {}): object => {
  const object = app({ version: `v${version}`, annotations: policy('1h') }) as KubeObject;
  const template = object.spec?.['template'] as { readonly spec: { readonly containers: readonly object[] } };
  const containers = template.spec.containers.map((one) => ({ ...one, ...container }));
  const spec = { ...template.spec, ...podSpec, containers };
  return { ...object, spec: { ...object.spec, template: { ...template, spec } } };
};

describe('F15: what a canary waits for is told while it waits', () => {
  beforeEach(() => {
    version += 1;
  });
  afterAll(backToStable);

  const failingInit = {
    name: 'migrate',
    image: 'sluice.test/app:v1',
    env: [
      { name: 'CRASH_AFTER_MS', value: '0' },
      { name: 'CRASH_MESSAGE', value: 'no such table' },
    ],
  };

  test.each<[reason: string, words: string, podSpec: object, container: object]>([
    // Another one than the template that has failed above, which would be held.
    ['ImagePullBackOff', 'sluice.test/missing:v2', {}, { image: 'sluice.test/missing:v2' }],
    ['Unschedulable', '0/1 nodes are available', { nodeSelector: { disk: 'none' } }, {}],
    [
      'CreateContainerConfigError',
      'configmap "shop-settings" not found',
      {},
      { envFrom: [{ configMapRef: { name: 'shop-settings' } }] },
    ],
    ['InitContainerFailed', 'init container "migrate"', { initContainers: [failingInit] }, {}],
    ['ReadinessGateNotMet', 'example.com/warm', { readinessGates: [{ conditionType: 'example.com/warm' }] }, {}],
  ])('F15: %s', async (reason, words, podSpec, container) => {
    const before = stage.release()?.name;
    await stage.apply(withPodSpec(podSpec, container));
    const { name, status } = await stage.until(`a release that waits for ${reason}`, () => {
      const found = stage.release();
      return found !== undefined && found.name !== before && found.status?.waiting?.reason === reason && found;
    });
    expect(status).toMatchObject({ phase: 'Preparing', pods: [{ trouble: reason }] });
    expect(status?.message).toContain(words);
    const { stdout } = await stage.cluster.run('bin/kubectl-sluice', ['-n', stage.namespace, 'status', 'web']);
    expect(stdout).toContain(words);
    for (const told of ['web', name])
      await stage.until(`an event on ${told}`, () =>
        stage.events(told).some((event) => event.startsWith(`${reason}: `) && event.includes(words)),
      );
  });
});

describe('a version that crashes every few seconds, and is ready in between', () => {
  test('F9: is given up for the time without its pods, in the last words of the container', async () => {
    const life = lifeOf(stage, 'crasher');
    const annotations = { ...policy('30s'), 'sluice.dev/steps': '50', 'sluice.dev/progress-deadline': '10s' };
    await begin(stage, [life], { annotations });
    const load = await stage.load({ host: 'crasher' });
    const env = { CRASH_AFTER_MS: '3000', CRASH_MESSAGE: 'the database went away' };
    await life.apply({ version: 'v2', annotations, env });
    await life.untilUnderWay();
    const { status } = await stage.until('the failure', () =>
      life.releases().find((release) => release.status?.phase === 'Failed'),
    );
    expect(status?.ending).toMatchObject({ reason: 'CanaryNotReady' });
    expect(status?.message).toMatch(/s in all, over \d+ times: .*the database went away/);
    expect(stage.events('crasher').filter((event) => event.startsWith('CanaryFlapping: '))).toHaveLength(1);
    const all = await load.window();
    process.stdout.write(`F9: of ${all.requests} requests ${all.failed} failed: ${JSON.stringify(all.byError)}\n`);
    const before = (await load.total()).requests;
    await waitUntil('a hundred requests after that', async () => (await load.total()).requests > before + 100);
    const { requests, failed, byVersion } = await load.window();
    expect(Object.keys(byVersion)).toEqual(['v1']);
    expect({ failed, many: requests > 50 }).toEqual({ failed: 0, many: true });
    await load.stop();
  });
});

describe('two workloads behind one Service', () => {
  const twin = (name: string, of: string): object => {
    const made = app({ name, version: of, replicas: 1, annotations: policy('1h') }) as {
      readonly spec: { readonly template: { readonly metadata: { readonly labels: object } } };
    };
    const labels = { app: name, pair: 'twins' };
    const template = { ...made.spec.template, metadata: { ...made.spec.template.metadata, labels } };
    return { ...made, spec: { ...made.spec, selector: { matchLabels: labels }, template } };
  };
  const phase = (name: string): string | undefined => stage.release(name)?.status?.phase;
  const service = (): KubeObject | undefined => stage.get(kinds.service, 'twins-canary');

  test('take turns, and who goes back while waiting touches nothing of the other', async () => {
    await stage.apply(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'twins' },
        spec: { selector: { pair: 'twins' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
      },
      twin('castor', 'v1'),
      twin('pollux', 'v1'),
    );
    await Promise.all([stage.untilRolledOut('castor'), stage.untilRolledOut('pollux')]);
    await stage.apply(twin('castor', 'v2'));
    await stage.until('the first step of the first', () => phase('castor') === 'Progressing');
    const uid = service()?.metadata.uid;
    await stage.apply(twin('pollux', 'v2'));
    await stage.until('the second to wait, with words', () =>
      stage
        .release('pollux')
        ?.status?.message?.includes(
          `${stage.release('castor')?.name} of Deployment castor, which stands behind the same`,
        ),
    );
    expect(phase('pollux')).toBe('Pending');
    await stage.apply(twin('pollux', 'v1'));
    await stage.until('the second to end', () => phase('pollux') === 'Aborted');
    expect([service()?.metadata.uid, phase('castor')]).toEqual([uid, 'Progressing']);
    await stage.apply(twin('pollux', 'v2'));
    await stage.until('the second to wait again', () => phase('pollux') === 'Pending');
    await stage.apply(twin('castor', 'v1'));
    await stage.until('the turn of the second', () => phase('pollux') === 'Preparing');
    expect(phase('castor')).toBe('Aborted');
  });
});

describe('a release that loses its Service', () => {
  test('gives the route back all the same when it ends', async () => {
    const route = (): KubeObject | undefined => stage.get(virtualServices.gvk, 'lost-routes');
    const lost = (of: string): object => app({ name: 'lost', version: of, replicas: 1, annotations: policy('1h') });
    await stage.apply(service('lost'), virtualService('lost'), lost('v1'));
    await stage.untilRolledOut('lost');
    await stage.until('the route to be seen', route);
    const before = canonical(route());
    await stage.apply(lost('v2'));
    await stage.until('the split', () => canonical(route()) !== before);
    await stage.kubectlOk('delete', 'service', 'lost');
    await stage.until('it to be gone', () => stage.get(kinds.service, 'lost') === undefined);
    await stage.apply(lost('v1'));
    await stage.until('the end', () => stage.release('lost')?.status?.phase === 'Aborted');
    expect([canonical(route()) === before, stage.get(kinds.service, 'lost-canary')]).toEqual([true, undefined]);
  });
});

describe('a workload that is deleted in its release while no controller is there', () => {
  const route = (): KubeObject | undefined => stage.get(virtualServices.gvk, 'left-routes');
  const left = (of: string): object => app({ name: 'left', version: of, replicas: 1, annotations: policy('1h') });

  test('its route is given back as soon as one is, though the Release was collected', async () => {
    await stage.apply(service('left'), virtualService('left'), left('v1'));
    await stage.untilRolledOut('left');
    await stage.until('the route to be seen', route);
    const before = canonical(route());
    await stage.apply(left('v2'));
    await stage.until(
      'the split',
      () => stage.release('left')?.status?.splitInPlaceAt !== undefined && canonical(route()) !== before,
    );
    await sluice.kill('SIGKILL');
    await stage.kubectlOk('delete', 'deployment', 'left');
    await stage.until('the Release to be collected', () => stage.release('left') === undefined);
    // It is owned by nobody: while the route leads to it, it has to answer.
    expect(stage.deployment('left-canary')).toBeDefined();
    expect(canonical(route())).not.toBe(before);
    await stage.sluice();
    await stage.until('the route to be as it was', () => canonical(route()) === before);
  });
});
