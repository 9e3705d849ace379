/**
 * What parts of a cluster do to releases, by acting or by being away: an autoscaler, the garbage collector, istiod. In a
 * cluster of its own, as others need theirs whole.
 * @long 200 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import { REPOSITORY } from '../cluster/binaries/repository.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { up } from '../cluster/up.ts';
import type { AutoscalerReport } from '../kube/autoscaler-scenario.ts';
import type { IstiodAwayReport } from '../kube/istiod-away-scenario.ts';
import type { LateCollectorReport } from '../kube/late-collector-scenario.ts';

jest.setTimeout(300_000);

let cluster: Cluster;

/** Resolves with what the scenario prints. */
const play = async <Report>(scenario: string): Promise<Report> => {
  const script = join(REPOSITORY, `test/kube/${scenario}-scenario.ts`);
  const { code, stdout, stderr } = await cluster.run(process.execPath, ['--no-warnings', script], {
    withinMs: 280_000,
  });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Report;
};

beforeAll(async () => {
  cluster = await up({ crds: ['istio'] });
});
afterAll(() => (cluster as Cluster | undefined)?.down());

describe('a real HorizontalPodAutoscaler that sees stable alone', () => {
  let report: AutoscalerReport;
  beforeAll(async () => {
    report = await play<AutoscalerReport>('autoscaler');
  });

  /** Of the target 60m, and the tolerance of the autoscaler. */
  const most = 66;

  test.each([
    ['promoted', 8, 'Succeeded'],
    ['aborted', 8, 'Aborted'],
    ['failed', 4, 'Failed'],
    ['superseded', 4, 'Superseded'],
  ] as const)('F5: %s: it halves stable, and no pod ever carries more than before', (name, replicas, phase) => {
    const { sizes, canaryPods, most: carried, whenLifted, rescaled, ...rest } = report[name]!;
    expect(rest.phase).toBe(phase);
    expect(sizes.slice(0, 2)).toEqual([replicas, replicas / 2]);
    expect(sizes.slice(2)).toContain(replicas);
    expect(rescaled.join()).toContain(`New size: ${replicas / 2}; reason: All metrics below target`);
    expect(canaryPods).toBe(replicas / 2);
    const { stable, canary, when } = carried;
    expect({ when, tooMuch: Math.max(stable, canary) > most }).toEqual({ when, tooMuch: false });
    expect(whenLifted).toBeGreaterThanOrEqual(replicas);
    expect(rest.requests).toBeGreaterThan(200);
    expect(rest.lost).toBe(0);
  });
});

describe('a garbage collector that is away when a bad version has failed', () => {
  let report: LateCollectorReport;
  beforeAll(async () => {
    report = await play<LateCollectorReport>('late-collector');
  });

  test('D1: the fix waits until the pods of the canary before are gone, which Sluice sees to', () => {
    expect(report.waited).toMatch(/^(ReleaseAhead|EarlierCanary): .*web-2/);
  });

  test('D1: nothing of the canary before is served or judged as that of the fix', () => {
    expect(report.phases).toEqual(['Failed', 'Succeeded']);
    expect(Object.keys(report.served).sort()).toEqual(['v1', 'v3']);
    expect(report.failedThen).toBe(0);
  });

  test('D1: no request is lost', () => {
    expect(report.requests).toBeGreaterThan(400);
    expect(report.lost).toBe(0);
  });
});

describe('istiod away for 12 s and more', () => {
  let report: IstiodAwayReport;
  beforeAll(async () => {
    report = await play<IstiodAwayReport>('istiod-away');
  });

  test.each([
    ['around a change of weight', 'changed', 'Succeeded'],
    ['around an abort', 'aborted', 'Aborted'],
    ['around the end of a promotion', 'promoted', 'Succeeded'],
  ] as const)('D3: %s: no request is lost', (_when, name, phase) => {
    const { requests, lost, phase: end } = report.of[name]!;
    expect([report.stepBefore, end]).toEqual([1, phase]);
    expect(requests).toBeGreaterThan(400);
    expect(lost).toBe(0);
  });

  test.each(['aborted', 'promoted'])(
    'D3: %s: the canary stays as long as proxies send to it, and it is said',
    (name) => {
      expect(report.awayMs).toBeGreaterThanOrEqual(12_000);
      expect(report.of[name]).toMatchObject({
        canaryPods: 2,
        kept: expect.stringMatching(/the canary still gets [\d.]+ requests a second: its pods stay until that ends/),
      });
    },
  );
});
