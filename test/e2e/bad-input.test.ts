/** Nonsense is refused, or held, with a sentence that names the field, the value, what is allowed and what to do. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { app, service } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(120_000);

let stage: Stage;
const enabled = { 'sluice.dev/canary': 'enabled' };

beforeAll(async () => {
  stage = await Stage.set('bad-input');
  await stage.sluice({ prometheus: 'http://127.0.0.1:9' });
  await stage.apply(service());
});

afterAll(async () => stage.teardown());

test.each([
  ['an unknown key', { 'sluice.dev/intervall': '30s' }, ['sluice.dev/intervall', 'sluice.dev/interval']],
  ['a weight of 120', { 'sluice.dev/steps': '5,120' }, ['sluice.dev/steps', '120', '100']],
  ['an interval of 5 parsecs', { 'sluice.dev/interval': '5 parsecs' }, ['sluice.dev/interval', '5 parsecs', '30s']],
])('%s is refused', async (_what, annotations, words) => {
  const { code, stderr } = await stage.send([app({ version: 'v1', annotations: { ...enabled, ...annotations } })]);
  expect(code).not.toBe(0);
  for (const word of words) expect(stderr).toContain(word);
});

test('all problems come in one answer', async () => {
  const annotations = {
    ...enabled,
    'sluice.dev/steps': '5,120',
    'sluice.dev/interval': '5 parsecs',
    'sluice.dev/threshold': 'many',
  };
  const { stderr } = await stage.send([app({ version: 'v1', annotations })]);
  for (const word of ['sluice.dev/steps', 'sluice.dev/interval', 'sluice.dev/threshold'])
    expect(stderr).toContain(word);
});

test('a CanaryPolicy with a weight of 120 is refused by the API server itself', async () => {
  const policy = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'CanaryPolicy',
    metadata: { name: 'bold' },
    spec: { weights: [5, 120] },
  };
  const { code, stderr } = await stage.send([policy]);
  expect(code).not.toBe(0);
  expect(stderr).toContain('120');
});

test('a workload without a Service is held, and says what to do', async () => {
  const lonely = (version: string): object => app({ name: 'lonely', version, replicas: 1, annotations: enabled });
  await stage.apply(lonely('v1'));
  await stage.untilRolledOut('lonely');
  await stage.apply(lonely('v2'));
  const held = await stage.until('the sentence', () => {
    const found = stage.release('lonely');
    return found?.status?.message?.startsWith('cannot start') === true ? found : undefined;
  });
  expect(held.status?.message).toContain('no Service selects the pods of Deployment lonely');
  expect(held.status?.message).toContain('Create a Service');
  expect(stage.deployment('lonely')?.spec?.['paused']).toBe(true);
});

test('an unreachable Prometheus holds the release with its address', async () => {
  const quick = (version: string): object =>
    app({
      version,
      replicas: 1,
      annotations: {
        ...enabled,
        'sluice.dev/provider': 'istio',
        'sluice.dev/steps': '50',
        'sluice.dev/interval': '1s',
      },
    });
  await stage.apply(quick('v1'));
  await stage.untilRolledOut();
  await stage.apply(quick('v2'));
  const held = await stage.until('a hold', () => {
    const found = stage.release();
    return found?.status?.message?.startsWith('holding') === true ? found : undefined;
  });
  expect(held.status?.message).toContain('http://127.0.0.1:9');
});
