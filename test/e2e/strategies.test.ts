/** Plans in the words of other tools, end to end: steps, blue/green, and people who go on. @long 90 s */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { JsonObject } from '../../src/values/kube-object.ts';
import { virtualServices as format } from '../../src/traffic/istio.ts';
import { canonical } from '../support/canonical.ts';
import type { Load } from '../support/load.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(240_000);

const by = (policy: string): Record<string, string> => ({ 'sluice.dev/policy': policy });
const policy = (name: string, spec: JsonObject): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'CanaryPolicy',
  metadata: { name },
  spec: { provider: 'istio', interval: '5s', minRequests: 5, threshold: 2, ...spec },
});

let stage: Stage;
let load: Load;

const route = (): string => canonical(stage.get(format.gvk, 'web-routes'));
const noneLost = async (): Promise<void> => {
  const { failedTransport, failedInfrastructure, byError } = await load.total();
  expect({ failedTransport, failedInfrastructure, byError }).toMatchObject({
    failedTransport: 0,
    failedInfrastructure: 0,
  });
};

/** Fifty requests in a row, and all of them were answered by that version. */
const servedBy = async (version: string): Promise<void> => {
  let mark = await load.total();
  await stage.until(`everybody to be served by ${version}`, async () => {
    const total = await load.total();
    const requests = total.requests - mark.requests;
    if (requests < 50) return false;
    const served = (total.byVersion[version] ?? 0) - (mark.byVersion[version] ?? 0);
    mark = total;
    return served === requests;
  });
};

beforeAll(async () => {
  stage = await Stage.set('strategies');
  await stage.sluice();
  await stage.apply(
    policy('by-steps', {
      steps: [
        { setCanaryScale: { replicas: 2 } },
        { setWeight: 20 },
        { pause: {} },
        { setCanaryScale: { matchTrafficWeight: true } },
        { setWeight: 60 },
        { pause: { duration: '6s' } },
      ],
    }),
    policy('insiders', { iterations: 2, match: [{ headers: { 'x-canary': { exact: 'insider' } } }] }),
    policy('all-at-once', { blueGreen: { autoPromotionEnabled: false, scaleDownDelaySeconds: 6 } }),
    service(),
    virtualService(),
    app({ version: 'v1', annotations: by('by-steps') }),
  );
  await stage.untilRolledOut();
  load = await stage.load({ rps: 100 });
});

afterAll(async () => stage.teardown());

describe('a list of steps', () => {
  test('waits for a person in the middle, goes on by resume, and is promoted', async () => {
    const before = route();
    const said = await stage.apply(app({ version: 'v2', annotations: by('by-steps') }));
    expect(said).toContain('2 pods, 20 percent, pause until a person goes on');
    const waiting = await stage.untilPhase('Waiting');
    expect(waiting.status).toMatchObject({ weight: 20, stage: 'analyse-3', canary: { replicas: 2, ready: 2 } });
    // The first windows are shorter than it takes Prometheus to read everything.
    const asked = /^waiting at 20 % until a person goes on: kubectl sluice resume web/;
    await stage.until('a round to pass while it waits', () => {
      const status = stage.release()?.status;
      return status?.analyses?.[0]?.checks !== undefined && asked.test(status.message ?? '');
    });
    await stage.plugin('resume', 'web', '--reason', 'looks good');
    await stage.until('the second weight', () => stage.release()?.status?.weight === 60);
    await stage.untilPhase('Succeeded');
    expect(stage.release()?.status?.acknowledged).toMatchObject([
      { verb: 'resume', reason: 'looks good', accepted: true },
    ]);
    expect(route()).toBe(before);
    await noneLost();
  });

  test('with a bad version fails in the pause, without anybody going on', async () => {
    await stage.apply(app({ version: 'v3', env: { ERROR_RATE: '0.5' }, annotations: by('by-steps') }));
    const { status } = await stage.untilPhase('Failed');
    expect(status).toMatchObject({ ending: { reason: 'ChecksFailed' }, stage: 'analyse-3' });
    await stage.untilGone('web-canary');
  });
});

describe('blue/green', () => {
  test('serves nobody before the switch, everybody after it, and loses no request', async () => {
    await stage.apply(app({ version: 'v2', annotations: by('all-at-once') }));
    await stage.untilRolledOut();
    await load.stop();
    load = await stage.load({ rps: 100 });
    const before = route();
    await stage.apply(app({ version: 'v4', annotations: by('all-at-once') }));
    const waiting = await stage.untilPhase('Waiting');
    expect(waiting.status).toMatchObject({ weight: 0, stage: 'wait-preview', canary: { ready: 3 } });
    expect((await load.total()).byVersion['v4'] ?? 0).toBe(0);
    await stage.plugin('resume', 'web');
    await stage.until('the switch', () => stage.release()?.status?.weight === 100);
    await servedBy('v4');
    await stage.untilPhase('Succeeded');
    expect(route()).toBe(before);
    await noneLost();
  });

  test('goes back at once when the new version fails under all of the traffic', async () => {
    const pods = stage.pods({ app: 'web' });
    await stage.apply(app({ version: 'v5', env: { ERROR_RATE: '0.5' }, annotations: by('all-at-once') }));
    await stage.untilPhase('Waiting');
    await stage.plugin('resume', 'web');
    const { status } = await stage.untilPhase('Failed');
    expect(status).toMatchObject({ ending: { reason: 'ChecksFailed' }, stage: 'analyse-active' });
    expect(stage.pods({ app: 'web' })).toEqual(pods);
    await load.stop();
    load = await stage.load({ rps: 100 });
    await servedBy('v4');
  });
});

describe('A/B', () => {
  test('gives the canary the requests that match and no others, and is promoted after its rounds', async () => {
    await stage.apply(app({ version: 'v4', annotations: by('insiders') }));
    await stage.untilRolledOut();
    await load.stop();
    load = await stage.load({ rps: 50 });
    const insiders = await stage.load({ rps: 50, headers: ['x-canary: insider'] });
    const before = route();
    await stage.apply(app({ version: 'v6', annotations: by('insiders') }));
    await stage.until('the match to be wanted', () => stage.release()?.status?.stage === 'analyse-1');
    const { status } = await stage.until('a round to pass', () => {
      const release = stage.release();
      return (release?.status?.analyses?.[0]?.passed ?? 0) > 0 ? release : undefined;
    });
    expect(status).toMatchObject({ weight: 0, wanted: { split: { weight: 0, match: [{}] } } });
    expect((await load.total()).byVersion['v6'] ?? 0).toBe(0);
    expect((await insiders.total()).byVersion['v6']).toBeGreaterThan(50);
    await stage.untilPhase('Succeeded');
    expect(route()).toBe(before);
    await noneLost();
    const { failedTransport, failedInfrastructure } = await insiders.total();
    expect({ failedTransport, failedInfrastructure }).toEqual({ failedTransport: 0, failedInfrastructure: 0 });
  });
});
