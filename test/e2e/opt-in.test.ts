/** Workloads that say nothing of Sluice themselves: their namespace, or a policy, does. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { apiVersion } from '../../src/schema/names.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { app, service } from '../support/manifests.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';

jest.setTimeout(240_000);

const spec = { provider: 'kubernetes', weights: [50], interval: '2s', noData: 'pass' };
const policy = (name: string, more: object = {}): object => ({
  apiVersion,
  kind: 'CanaryPolicy',
  metadata: { name },
  spec: { ...spec, ...more },
});

let stage: Stage;
const label = (...words: readonly string[]): Promise<string> =>
  stage.kubectlOk('label', 'namespace', stage.namespace, ...words);
const succeeded = (workload: string): Promise<SeenRelease> =>
  stage.until(`${workload} to succeed`, () => {
    const release = stage.release(workload);
    return release?.status?.phase === 'Succeeded' ? release : undefined;
  });
/** What `kubectl apply` would say of a new version now. */
const wouldSay = async (workload: string): Promise<string> => {
  const manifest = app({ name: workload, version: 'v2' });
  return (await stage.send([manifest], 'apply', '--dry-run=server')).stderr;
};

beforeAll(async () => {
  stage = await Stage.set('opt-in');
  await label('sluice.dev/canary=enabled', 'sluice.dev/policy=careful');
  await stage.apply(policy('careful'));
  await stage.sluice();
  await stage.apply(
    ...['web', 'api'].flatMap((name) => [
      service(name),
      app({ name, version: 'v1', replicas: name === 'web' ? 3 : 1 }),
    ]),
  );
  await Promise.all([stage.untilRolledOut('web'), stage.untilRolledOut('api')]);
});

afterAll(async () => stage.teardown());

test('a namespace opts in, by its policy, and opting it out again lets the release run its course', async () => {
  expect(await stage.apply(app({ version: 'v2' }))).toContain('canary release web-');
  await stage.untilStep(1);
  await label('sluice.dev/canary-', 'sluice.dev/policy-');
  const { spec: recorded, status } = await succeeded('web');
  expect([recorded.policyName, recorded.policy.weights, status?.phase]).toEqual([
    'CanaryPolicy/careful',
    [50],
    'Succeeded',
  ]);
  await stage.untilRolledOut('web');
  expect(await stage.apply(app({ version: 'v3' }))).not.toContain('canary release');
  expect(stage.releases('web')).toHaveLength(1);
});

test('a policy opts in what it selects, from soon after it is there', async () => {
  expect(await wouldSay('api')).toBe('');
  await stage.apply(policy('front', { selector: {} }));
  const asked = await waitUntil('the policy to be looked at', async () => (await wouldSay('api')) || undefined);
  expect(asked).toContain('canary release api-');
  await stage.apply(app({ name: 'api', version: 'v2', replicas: 1 }));
  expect((await succeeded('api')).spec.policyName).toBe('CanaryPolicy/front');
});
