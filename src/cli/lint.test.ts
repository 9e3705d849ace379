import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aSession, memoryCluster } from '../../test/support/plugin-doubles.ts';
import { sourceForms } from '../metrics/index.ts';
import { runProgram } from './program.ts';
import { readObjects } from './read-objects.ts';

type Ran = { readonly code: number; readonly out: string; readonly err: string };

const lint = async (yaml: string, ...args: readonly string[]): Promise<Ran> => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-lint-'));
  const { terminal } = aSession(memoryCluster());
  const open = (): never => {
    throw new Error('lint needs no cluster');
  };
  try {
    const file = join(folder, 'policy.yaml');
    await writeFile(file, yaml);
    const options = { version: '1', terminal, forms: sourceForms, readObjects, open };
    const code = await runProgram(['lint', '-f', file, ...args], options);
    return { code, out: terminal.stdout(), err: terminal.stderr() };
  } finally {
    await rm(folder, { recursive: true });
  }
};

const policy = (spec: string): string =>
  `apiVersion: sluice.dev/v1alpha1\nkind: CanaryPolicy\nmetadata: {name: careful}\nspec: ${spec}\n`;

describe('kubectl sluice lint', () => {
  it('shows the stages with times and sizes', async () => {
    const { code, out } = await lint(
      policy('{steps: [{setWeight: 20}, {pause: {duration: 5m}}, {setCanaryScale: {replicas: 8}}, {pause: {}}]}'),
    );
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual([
      'CanaryPolicy careful: provider auto',
      '  STAGE       DOES                                     LASTS                    CANARY PODS OF 10',
      '  size        pods for 20 % of the traffic             until they are ready     2',
      '  split-1     20 % to the canary                                                2',
      '  analyse-2   judges the checks every 1m               5m                       2',
      '  size-3      8 pods for the canary                    until they are ready     8',
      '  analyse-4   judges the checks every 1m               until a person goes on   8',
      '  promote     the workload rolls to the new template                            8',
      '  At least 5m, and as long as people take (1 time), beside the time that pods need to start.',
    ]);
  });

  it('reads a workload with the policy of the same file, and its own size', async () => {
    const workload =
      'kind: Deployment\nmetadata: {name: web, annotations: {sluice.dev/policy: careful, sluice.dev/interval: 30s}}\nspec: {replicas: 4}\n';
    const { out } = await lint(`${policy('{weights: [50]}')}---\n${workload}`);
    expect(out).toContain('Deployment web: provider auto');
    expect(out).toMatch(/analyse-1 +judges the checks every 30s +30s, or until a round passes +2/);
  });

  it('tells all problems at once, at their step, and fails', async () => {
    const { code, out } = await lint(policy('{steps: [{setWeight: 20}, {setWeight: 10}], interval: 1m}'));
    expect([code, out]).toEqual([
      1,
      'CanaryPolicy careful: cannot be used:\n  spec.steps[1].setWeight "10": must not fall: a step before has 20. Write more than 20, or take the step out.\n',
    ]);
  });

  it('warns of what is valid and may be meant otherwise', async () =>
    expect((await lint(policy('{steps: [{setWeight: 20}]}'))).out).toContain('Warning: no step pauses or judges'));

  it.each([
    ['a: [', 'is no YAML'],
    ['kind: Service\nmetadata: {name: web}\n', 'has no policy and no workload'],
  ])('says what is wrong with %j', async (yaml, text) => {
    const { code, err } = await lint(yaml);
    expect([code, err]).toEqual([1, expect.stringContaining(text)]);
  });

  it('wants a number of replicas', async () =>
    expect((await lint(policy('{}'), '--replicas', 'many')).err).toContain('--replicas "many" must be a whole number'));
});
