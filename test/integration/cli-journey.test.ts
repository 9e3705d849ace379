/**
 * A day with `kubectl sluice`: everything a person does with it, answered by the real webhook and controller.
 * @long 50 s
 */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import type { Deployment } from '../../src/values/kube-object.ts';
import type { Finished } from '../cluster/binaries/run-command.ts';
import { inTime } from '../cluster/in-time.ts';
import { app, service } from '../support/manifests.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';

jest.setTimeout(120_000);

const bin = fileURLToPath(new URL('../../bin', import.meta.url));
const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/policy': 'journey',
};
const policy = (spec: object): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'CanaryPolicy',
  metadata: { name: 'journey' },
  spec: { weights: [50], interval: '1s', noData: 'pass', propagationDelay: '1s', ...spec },
});

let stage: Stage;

const args = (words: readonly string[]): readonly string[] => ['sluice', ...words, '-n', stage.namespace];
const sluice = (...words: string[]): Promise<Finished> => stage.cluster.run('kubectl', args(words), { env });

/** `watch` on its own; resolves to its exit code and what it wrote. */
const watching = async (): Promise<{ readonly code: number | null; readonly out: string }> => {
  const plugin = stage.cluster.exec('kubectl', args(['watch', 'web']), { env });
  let out = '';
  plugin.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  const { code } = await inTime('the watch of the plugin to end', plugin.ended, { withinMs: 180_000, seen: () => out });
  return { code, out };
};

/** Applies a version and waits until its own release is in the phase. */
const release = async (version: string, phase: string): Promise<SeenRelease> => {
  const before = stage.release()?.name;
  await stage.apply(app({ version, replicas: 2, annotations }));
  return stage.until(`the release of ${version} to be ${phase}`, () => {
    const current = stage.release();
    return current?.name !== before && current?.status?.phase === phase ? current : undefined;
  });
};

const image = (): unknown => {
  const { spec } = stage.deployment() as unknown as Deployment;
  return (spec.template.spec?.['containers'] as readonly { image: string }[])[0]?.image;
};
const paused = (): boolean => (stage.deployment() as unknown as Deployment).spec.paused === true;

beforeAll(async () => {
  stage = await Stage.set('cli-journey');
  await stage.apply(policy({ approval: 'required' }));
  await stage.sluice();
  await stage.apply(service(), app({ version: 'v1', replicas: 2, annotations }));
  await stage.untilRolledOut();
}, 240_000);
// Undefined where it could not be set, which is then the error to see.
afterAll(() => (stage as Stage | undefined)?.teardown());

it('before the first change there is nothing to show, and that is said', async () => {
  expect(await sluice('status', 'web')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('has had no release yet'),
  });
  expect((await sluice('list')).stdout).toMatch(/\nweb +- .*opted in; no release yet\n/);
});

it('a release is watched, approved by a person, and succeeds', async () => {
  const { name } = await release('v2', 'Waiting');
  const watch = watching();
  const status = await sluice('status', 'web');
  expect(status.stdout).toMatch(/ {3}Waiting {3}step 1\/1 {3}about 50 % of the traffic to the canary\n/);
  expect(status.stdout).toContain(`kubectl sluice promote web -n ${stage.namespace}   approve\n`);
  const promoted = await sluice('promote', 'web', '--reason', 'looked at it');
  expect(promoted).toMatchObject({ code: 0, stdout: expect.stringMatching(`^${name}: promote accepted\\.`) });
  expect(await watch).toMatchObject({
    code: 0,
    out: expect.stringMatching(/ Waiting [^]* Promoting [^]* Succeeded .*\n$/),
  });
  const user = JSON.parse(await stage.kubectlOk('auth', 'whoami', '-o', 'json')) as { status: { userInfo: object } };
  expect(stage.release()?.status?.acknowledged?.[0]).toMatchObject({
    verb: 'promote',
    reason: 'looked at it',
    result: 'accepted',
    by: (user.status.userInfo as { username: string }).username,
  });
  expect([image(), paused()]).toEqual(['sluice.test/app:v2', false]);
});

it('what makes no sense is refused with the reason', async () => {
  const refused = await sluice('abort', 'web');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/has ended \(Succeeded\): there is nothing to abort\.\n/);
  expect((await sluice('skip', 'web', '--reason', 'x')).stderr).toContain('there is nothing to skip');
});

it('a release is aborted, and the earlier version is back', async () => {
  await release('v3', 'Waiting');
  const early = await sluice('retry', 'web');
  expect(early).toMatchObject({ code: 1, stderr: expect.stringMatching(/retry refused: .* this one is Waiting\n$/) });
  const watch = watching();
  expect((await sluice('abort', 'web', '--reason', 'wrong logo')).code).toBe(0);
  expect(await watch).toMatchObject({ code: 1, out: expect.stringMatching(/ Aborted .*wrong logo\n$/) });
  await stage.until('the earlier version', () => image() === 'sluice.test/app:v2' && !paused());
});

it('the rest of a release is skipped, and the version rolls natively', async () => {
  await release('v4', 'Waiting');
  const skipped = await sluice('skip', 'web', '--reason', 'INC-42 hotfix');
  expect(skipped).toMatchObject({ code: 0, stdout: expect.stringContaining('rolls out natively at once') });
  await stage.untilRolledOut();
  expect([image(), paused()]).toEqual(['sluice.test/app:v4', false]);
  const end = await stage.until('the end of the release', () =>
    stage.release()?.status?.completedAt === undefined ? undefined : stage.release(),
  );
  expect(end.status?.phase).toBe('Skipped');
});

it('a failed release is explained, retried, and let through', async () => {
  await stage.apply(policy({ threshold: 1, checks: [{ name: 'always-bad', query: 'vector(7)', max: 1 }] }));
  const failed = await release('v5', 'Failed');
  const { stdout } = await sluice('status', 'web');
  expect(stdout).toMatch(/\nalways-bad +fail +7 +<= 1 /);
  expect(stdout).toMatch(/\nFailed checks\n .* at 50 % +always-bad 7 /);
  expect(stdout).toContain(`kubectl sluice retry web -n ${stage.namespace} `);
  await stage.apply(policy({ approval: 'required' }));
  expect((await sluice('retry', 'web', '--reason', 'the check was wrong')).code).toBe(0);
  const second = await stage.until('the second attempt', () => {
    const current = stage.release();
    return current?.name !== failed.name && current?.status?.phase === 'Waiting' ? current : undefined;
  });
  expect(second.spec.attempt).toBe(2);
  expect((await sluice('status', 'web')).stdout).toMatch(
    new RegExp(`${second.name} over web-\\d+, attempt 2, asked by admin `),
  );
  expect(second.spec.changes).toEqual(['image of container app: sluice.test/app:v4 → sluice.test/app:v5']);
  expect((await sluice('promote', 'web')).code).toBe(0);
  expect((await watching()).code).toBe(0);
  expect(image()).toBe('sluice.test/app:v5');
});
