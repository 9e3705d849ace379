/**
 * Routes and canaries in other hands in the middle of a release, with live load through a real Envoy.
 * @long 45 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { virtualServices as format } from '../../src/traffic/istio.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import type { Counts, Load } from '../support/load.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(240_000);

const virtualServices = format.gvk;
const weight = 20;
const policy = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': String(weight),
  'sluice.dev/interval': '1h',
};
const breakGlass = 'sluice.dev/break-glass';
const owner = ['apply', '--server-side', '--field-manager=gitops'];
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.set('kept-routes');
  await stage.sluice();
  const first = await stage.send([virtualService()], ...owner);
  expect(first.code).toBe(0);
  await stage.apply(service(), app({ version: 'v1', annotations: policy }));
  await stage.apply(service('api'), app({ name: 'api', version: 'v1', replicas: 1, annotations: policy }));
  await Promise.all([stage.untilRolledOut(), stage.untilRolledOut('api')]);
});
afterAll(async () => stage.teardown());

const atFirstStep = (workload: string): Promise<unknown> =>
  stage.until(
    `the first step of ${workload}`,
    () => stage.release(workload)?.status?.splitInPlaceAt !== undefined && stage.release(workload)?.status?.step === 1,
  );

/** Weights of the destinations of every rule that has any. */
const weightsIn = (route: KubeObject | undefined): readonly unknown[] =>
  ((route?.spec?.['http'] ?? []) as readonly JsonObject[]).flatMap(({ route: to }) =>
    to === undefined ? [] : [(to as readonly JsonObject[]).map((d) => d['weight'])],
  );

describe('a VirtualService that is written again and again under load', () => {
  const versions: KubeObject[] = [];
  const seconds: Counts[] = [];
  const answers: { readonly code: number | null; readonly stderr: string }[] = [];
  let load: Load;
  const timeouts = (round: number): object => {
    const manifest = virtualService() as { spec: { http: readonly JsonObject[] } };
    return {
      ...manifest,
      spec: {
        ...manifest.spec,
        http: manifest.spec.http.map((rule) => ('route' in rule ? { ...rule, timeout: `${5 + round}s` } : rule)),
      },
    };
  };
  const rounds = 10;

  beforeAll(async () => {
    load = await stage.load({ rps: 200 });
    await stage.apply(app({ version: 'v2', annotations: policy }));
    await stage.untilStep(1);
    await stage.until(
      'the split in the route',
      () => JSON.stringify(weightsIn(stage.get(virtualServices, 'web-routes'))) === '[[80,20]]',
    );
    await load.window();
    await waitUntil('the proxy to follow', async () => ((await load.window()).byVersion['v2'] ?? 0) > 0, {
      withinMs: 60_000,
    });
    stage.view.onChange(({ gvk, object }) => {
      if (gvk.kind === 'VirtualService' && object.metadata.name === 'web-routes') versions.push(object);
    });
    for (let round = 1; round <= rounds; round += 1) {
      const start = Date.now();
      await load.window();
      // The owner's own tool, without force; somebody who replaces; the owner again, with a change.
      answers.push(await stage.send([timeouts(round - 1)], ...owner));
      answers.push(await stage.send([timeouts(round - 1)], 'replace'));
      answers.push(await stage.send([timeouts(round)], ...owner, '--force-conflicts'));
      await stage.until('a second of load', () => Date.now() - start >= 1000);
      seconds.push(await load.window());
    }
  });

  test('is taken each time, and says that the split is kept', () => {
    expect(answers).toHaveLength(3 * rounds);
    expect(answers.filter(({ code }) => code !== 0)).toEqual([]);
    expect(answers.every(({ stderr }) => stderr.includes(`(${weight} % to web-canary) is kept`))).toBe(true);
  });

  test('has the split in every version', async () => {
    const stored = JSON.parse(await stage.kubectlOk('get', 'virtualservice', 'web-routes', '-o', 'json')) as KubeObject;
    await stage.until(
      'the last version',
      () => versions.at(-1)?.metadata.resourceVersion === stored.metadata.resourceVersion,
    );
    expect(versions.length).toBeGreaterThanOrEqual(rounds);
    expect(new Set(versions.map((route) => JSON.stringify(weightsIn(route))))).toEqual(new Set(['[[80,20]]']));
  });

  test('never leaves the canary without its share, and no request fails', () => {
    for (const { failed, byVersion, requests } of seconds) {
      expect({ failed, requests: requests > 0 }).toEqual({ failed: 0, requests: true });
      expect(byVersion['v2'] ?? 0).toBeGreaterThan(0);
    }
    expect(stage.release()?.status).toMatchObject({ phase: 'Progressing', step: 1 });
  });

  test('is at the end what its owner applied last, and nobody is in the way of the next apply', async () => {
    await stage.apply(app({ version: 'v1', annotations: policy }));
    await stage.untilPhase('Aborted');
    const last = timeouts(rounds) as KubeObject;
    await stage.until(
      'the route to be given back',
      () => stage.get(virtualServices, 'web-routes')?.metadata.annotations === undefined,
    );
    expect(stage.get(virtualServices, 'web-routes')?.spec).toEqual(last.spec);
    const { code, stderr } = await stage.send([timeouts(0)], ...owner, '--force-conflicts=false');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const total = await load.total();
    expect({ failed: total.failed, errors: total.byError }).toEqual({ failed: 0, errors: {} });
  });
});

describe('a canary and a generated route behind broken glass', () => {
  const merge = (what: string, body: object): Promise<string> =>
    stage.kubectlOk('patch', what, '--type=merge', '-p', JSON.stringify(body));
  const said = (): string => stage.release('api')?.status?.message ?? '';
  const route = 'virtualservice.networking.istio.io/api';

  beforeAll(async () => {
    await stage.apply(app({ name: 'api', version: 'v2', replicas: 1, annotations: policy }));
    await atFirstStep('api');
  });

  test('nobody scales the canary, and the refusal names the workload', async () => {
    const { code, stderr } = await stage.kubectl('scale', 'deployment/api-canary', '--replicas=0');
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`kubectl sluice abort api -n ${stage.namespace}`),
    });
  });

  test('an administrator does, with a reason; the release waits and says so, and an event tells who and why', async () => {
    const warned = await stage.kubectlOk('annotate', 'deployment/api-canary', `${breakGlass}=INC-42`);
    expect(warned).toContain('until the annotation sluice.dev/break-glass is taken off');
    await merge('deployment/api-canary', { spec: { replicas: 2 } });
    await stage.until('two canary pods', () => stage.deployment('api-canary')?.status?.['readyReplicas'] === 2);
    await stage.until('the release to say so', () => said().includes('left alone: Deployment api-canary (INC-42)'));
    const name = stage.release('api')?.name ?? '';
    await stage.until('the event', () =>
      stage
        .events(name)
        .some((text) => /^BreakGlass: \S+: UPDATE of Deployment api-canary past its guard: INC-42\./.test(text)),
    );
    // A reconcile that is sure to come after it, and leaves the canary as it is.
    await stage.kubectlOk('annotate', route, `${breakGlass}=INC-43`);
    await stage.until('the release to name both', () => said().includes('VirtualService api (INC-43)'));
    expect(stage.deployment('api-canary')?.spec?.['replicas']).toBe(2);
  });

  test('and an end of the release waits for the route, which stays as the administrator left it', async () => {
    await merge(route, {
      spec: {
        http: [
          {
            route: [
              { destination: { host: 'api' }, weight: 100 },
              { destination: { host: 'api-canary' }, weight: 0 },
            ],
          },
        ],
      },
    });
    await stage.apply(app({ name: 'api', version: 'v1', replicas: 1, annotations: policy }));
    await stage.until('the release to be withdrawn', () => stage.release('api')?.status?.phase === 'Withdrawing');
    await stage.until('the release to say why it waits', () => said().includes('left alone'));
    expect(JSON.stringify(stage.get(virtualServices, 'api')?.spec)).toContain('api-canary');
    expect(stage.get(kinds.service, 'api-canary')).toBeDefined();
  });

  test('until the annotations are off: then it ends and nothing is left', async () => {
    await stage.kubectlOk('annotate', route, `${breakGlass}-`);
    await stage.until('the route to go', () => stage.get(virtualServices, 'api') === undefined);
    expect(stage.release('api')?.status?.phase).toBe('Withdrawing');
    await stage.kubectlOk('annotate', 'deployment/api-canary', `${breakGlass}-`);
    await stage.until('the end', () => stage.release('api')?.status?.phase === 'Aborted');
    expect(said()).not.toContain('left alone');
    await stage.until('the canary to go', () => stage.deployment('api-canary') === undefined);
  });

  test('a canary that was changed by hand fails its release when it is given back', async () => {
    const before = stage.release('api')?.name;
    await stage.apply(app({ name: 'api', version: 'v3', replicas: 1, annotations: policy }));
    await stage.until('another release', () => stage.release('api')?.name !== before);
    await atFirstStep('api');
    await stage.kubectlOk('annotate', 'deployment/api-canary', `${breakGlass}=INC-44`);
    await stage.kubectlOk('set', 'image', 'deployment/api-canary', 'app=sluice.test/app:v4');
    await stage.until('the release to wait', () => said().includes('INC-44'));
    await stage.until(
      'the template to be counted',
      () => stage.deployment('api-canary')?.metadata.annotations?.['deployment.kubernetes.io/revision'] === '2',
    );
    expect(stage.release('api')?.status).toMatchObject({ phase: 'Progressing', step: 1 });
    await stage.kubectlOk('annotate', 'deployment/api-canary', `${breakGlass}-`);
    await stage.until('the failure', () => stage.release('api')?.status?.phase === 'Failed');
    expect(stage.release('api')?.status).toMatchObject({ ending: { reason: 'CanaryEdited' } });
  });
});
