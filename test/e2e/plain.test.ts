/** Without a mesh: the split is the number of pods. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { app, service } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(240_000);

const policy = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '25,50',
  'sluice.dev/interval': '2s',
  'sluice.dev/no-data': 'pass',
};

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.set('plain');
  await stage.sluice();
  await stage.apply(service(), app({ version: 'v1', annotations: policy }));
  await stage.untilRolledOut();
});

afterAll(async () => stage.teardown());

test('canary pods stand behind the same Service, in the number that makes the weight', async () => {
  await stage.apply(app({ version: 'v2', annotations: policy }));
  await stage.untilStep(1);
  expect(stage.deployment('web-canary')?.spec?.['replicas']).toBe(1);
  await stage.untilStep(2);
  await stage.until('three of them', () => stage.deployment('web-canary')?.spec?.['replicas'] === 3);
  await stage.until('its pods', () => stage.pods({ app: 'web' }).length === 6);
  await stage.untilPhase('Succeeded');
  await stage.until('the canary pods to be gone', () => stage.pods({ app: 'web' }).length === 3);
  expect(stage.pods({ 'sluice.dev/arm': 'canary' })).toEqual([]);
});

test('R5: one replica: steps 1 and 5 are half of the traffic, which is said before, meanwhile and in the table', async () => {
  const solo = { ...policy, 'sluice.dev/provider': 'auto', 'sluice.dev/steps': '1,5' };
  const one = (version: string): object => app({ name: 'solo', version, replicas: 1, annotations: solo });
  const same = 'with 1 replica steps 1 and 5 are the same split, 1 of 2 pods: about 50 %';
  expect(await stage.apply(service('solo'), one('v1'))).toContain(same);
  await stage.untilRolledOut('solo');
  expect(await stage.apply(one('v2'))).toContain(same);
  const { status } = await stage.until('a step with the canary', () => {
    const release = stage.release('solo');
    return release?.status?.step === 1 && (release.status.share?.canary ?? 0) > 0 ? release : undefined;
  });
  expect(status).toMatchObject({
    weight: 1,
    share: { percent: 50, of: 'pods', canary: 1, stable: 1 },
    provider: 'kubernetes',
    providerBecause: expect.stringContaining('the split is made by the number of pods') as unknown,
    message: '1 of 2 pods: about 50 % of the traffic for the canary; the step asks for 1 %',
  });
  expect(await stage.kubectlOk('get', 'releases')).toMatch(/WEIGHT +SHARE/);
  await stage.until('the end', () => stage.release('solo')?.status?.phase === 'Succeeded');
  expect(stage.events(stage.release('solo')?.name ?? '').join('\n')).toContain('step 2/2: 1 of 2 pods: about 50 %');
});
