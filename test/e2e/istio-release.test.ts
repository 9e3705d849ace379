/** The main job: kubectl, a real API server, istiod, Envoy and Prometheus. @long 110 s */
import { latestChecks } from '../../src/core/release/verdicts.ts';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { share, type Load } from '../support/load.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';
import { canonical } from '../support/canonical.ts';
import { virtualServices as format } from '../../src/traffic/istio.ts';

jest.setTimeout(240_000);

const virtualServices = format.gvk;
const policy = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '10,30,50',
  'sluice.dev/interval': '5s',
  'sluice.dev/threshold': '2',
};
const web = (version: string, env: Record<string, string> = {}): object => app({ version, env, annotations: policy });

let stage: Stage;
let load: Load;

const stepAge = (): number => Date.now() - Date.parse(stage.release()?.status?.splitInPlaceAt ?? '');
const route = (): string => canonical(stage.get(virtualServices, 'web-routes'));

beforeAll(async () => {
  stage = await Stage.set('istio-release');
  await stage.sluice();
  await stage.apply(service(), virtualService(), web('v1'));
  await stage.untilRolledOut();
  load = await stage.load({ rps: 350 });
});

afterAll(async () => stage.teardown());

describe('through a VirtualService of the user', () => {
  test('v2 climbs, with the observed split within 3 points of the wanted weight, and is promoted', async () => {
    const before = route();
    const said = await stage.apply(app({ version: 'v2', annotations: { ...policy, 'sluice.dev/interval': '16s' } }));
    expect(said).toContain('Warning: ');
    for (const [index, weight] of [10, 30, 50].entries()) {
      await stage.untilStep(index + 1);
      // The proxies follow a new weight within about a second; what they did before is not this step's.
      await stage.until('the new weight to show', () => stepAge() > 1500);
      await load.window();
      await stage.until('the step to have been watched', () => stepAge() > 15_000);
      const counts = await load.window();
      // Envoy draws for each request: with so many, 3 points are more than three standard deviations.
      expect(counts.requests).toBeGreaterThan(3000);
      expect(Math.abs(share(counts, 'v2') - weight)).toBeLessThanOrEqual(3);
    }
    const { status } = await stage.untilPhase('Succeeded');
    expect(latestChecks(status!)).toEqual([expect.objectContaining({ name: 'request-success-rate', call: 'pass' })]);
    expect(route()).toBe(before);
    const total = await load.total();
    expect({ failed: total.failed, errors: total.byError }).toEqual({ failed: 0, errors: {} });
    // Nothing that follows counts shares.
    await load.stop();
    load = await stage.load({ rps: 100 });
  });

  test('after the end nothing of Sluice is left but the Release', async () => {
    await stage.untilGone('web-canary');
    const left = Object.keys(stage.deployment()?.metadata.annotations ?? {}).filter((key) =>
      key.startsWith('sluice.dev/'),
    );
    expect(left.sort()).toEqual([...Object.keys(policy), 'sluice.dev/admitted', 'sluice.dev/known-good'].sort());
    expect(stage.pods({ app: 'web-canary' })).toEqual([]);
    expect(stage.releases()).toHaveLength(1);
  });

  test('v3 with 30 % errors is rolled back at the first weight, and rollout status fails with the reason', async () => {
    const before = { route: route(), pods: stage.pods({ app: 'web' }) };
    await stage.apply(web('v3', { ERROR_RATE: '0.3' }));
    const { status } = await stage.untilPhase('Failed');
    expect(status).toMatchObject({ ending: { reason: 'ChecksFailed' }, step: 1, analyses: [{ failures: 2 }] });
    expect(status?.failedChecks?.[0]).toMatchObject({ name: 'request-success-rate', call: 'fail', weight: 10 });
    expect(status?.message).toMatch(/^at 10 %: request-success-rate .* is below/);
    const rollout = await stage.kubectl('rollout', 'status', 'deployment/web', '--timeout=20s');
    expect(rollout.code).toBe(1);
    expect(rollout.stderr).toContain('exceeded its progress deadline');
    expect({ route: route(), pods: stage.pods({ app: 'web' }) }).toEqual(before);
    await stage.untilGone('web-canary');
    expect(stage.events('web').join('\n')).toMatch(/ChecksFailed: at 10 %/);
    const { failedTransport, failedInfrastructure, byVersion } = await load.total();
    expect({ failedTransport, failedInfrastructure }).toEqual({ failedTransport: 0, failedInfrastructure: 0 });
    expect(byVersion['v3']).toBeGreaterThan(0);
  });

  test('going back to v2 frees the workload at once, with the same pods', async () => {
    const pods = stage.pods({ app: 'web' });
    await stage.apply(web('v2'));
    await stage.untilRolledOut();
    expect(stage.pods({ app: 'web' })).toEqual(pods);
    expect((await stage.kubectl('rollout', 'status', 'deployment/web', '--timeout=20s')).code).toBe(0);
  });

  test('v4 is aborted by applying v2 again in the middle', async () => {
    const before = { route: route(), pods: stage.pods({ app: 'web' }) };
    await stage.apply(web('v4'));
    await stage.untilStep(2);
    await stage.apply(web('v2'));
    const { status } = await stage.untilPhase('Aborted');
    expect(status?.ending?.reason).toBe('TemplateBack');
    expect({ route: route(), pods: stage.pods({ app: 'web' }) }).toEqual(before);
    await stage.untilGone('web-canary');
  });

  test('v6 applied during the release of v5 supersedes it and is promoted itself', async () => {
    const before = route();
    await stage.apply(web('v5'));
    await stage.untilStep(2);
    const first = stage.release()?.name;
    await stage.apply(web('v6'));
    await stage.until(
      'the first to be superseded',
      () => stage.releases().find(({ name }) => name === first)?.status?.phase === 'Superseded',
    );
    await stage.untilPhase('Succeeded');
    expect(stage.release()?.name).not.toBe(first);
    expect(route()).toBe(before);
    const { failedTransport, failedInfrastructure } = await load.total();
    expect({ failedTransport, failedInfrastructure }).toEqual({ failedTransport: 0, failedInfrastructure: 0 });
  });

  test('R3: a caller without a sidecar passes by the route: the release holds with both counts and is not promoted', async () => {
    await load.stop();
    // As a caller that no proxy serves: straight to a pod of the Service.
    const [pod = ''] = stage.pods({ app: 'web' });
    const address = await stage.kubectlOk('get', 'pod', pod, '-o', 'jsonpath={.status.podIP}');
    load = await stage.load({ rps: 100, url: `http://${address}:8080` });
    const passing = { ...policy, 'sluice.dev/interval': '3s', 'sluice.dev/no-data': 'pass' };
    await stage.apply(app({ version: 'v7', annotations: passing }));
    const held = await stage.until('the split to be missed', () => {
      const release = stage.release();
      return release?.status?.waiting?.reason === 'SplitNotSeen' ? release : undefined;
    });
    expect(held.status?.message).toMatch(
      /^holding at 10 %: the canary got 0 of \d+ requests, 0 %, where 10 % are its share\. Likely causes: callers without an Istio sidecar/,
    );
    expect(held.status).toMatchObject({ weight: 10, share: { percent: 0, of: 'requests', canary: 0 } });
    const first = held.status?.analyses?.[0]?.judgedAt;
    const later = await stage.until('two more rounds', () => {
      const status = stage.release()?.status;
      const judged = Date.parse(status?.analyses?.[0]?.judgedAt ?? '');
      return judged >= Date.parse(first ?? '') + 6000 ? status : undefined;
    });
    expect(later).toMatchObject({ phase: 'Progressing', step: 1, waiting: { reason: 'SplitNotSeen' } });
  });
});
