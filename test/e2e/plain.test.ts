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
  expect(stage.deployment('web-canary')?.spec?.['replicas']).toBe(3);
  expect(stage.pods({ app: 'web' })).toHaveLength(6);
  await stage.untilPhase('Succeeded');
  await stage.until('the canary pods to be gone', () => stage.pods({ app: 'web' }).length === 3);
  expect(stage.pods({ 'sluice.dev/arm': 'canary' })).toEqual([]);
});
