/** The API server is stopped and killed under a watch, in a cluster of its own: other tests need theirs. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { REPOSITORY } from '../cluster/binaries/repository.ts';
import { up } from '../cluster/up.ts';
import type { RestartReport } from '../kube/restart-scenario.ts';

jest.setTimeout(300_000);
let root: string;
let cluster: Cluster;
let report: RestartReport;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-kube-'));
  const env = { ...process.env, SLUICE_CLUSTERS: root };
  cluster = await up({ istio: false, prometheus: false, kubelet: 'none', crds: [], name: 'restart', env });
  const script = join(REPOSITORY, 'test/kube/restart-scenario.ts');
  const { code, stdout, stderr } = await cluster.run(process.execPath, ['--no-warnings', script], {
    withinMs: 240_000,
  });
  if (code !== 0) throw new Error(stderr);
  report = JSON.parse(stdout) as RestartReport;
});

afterAll(async () => {
  await cluster.down();
  await rm(root, { recursive: true, force: true, maxRetries: 10 });
});

test('the outages were real, and there was something to lose in them', () => {
  expect(report.failedWrites).toBeGreaterThan(2);
  expect(Object.values(report.written).filter((version) => version === null).length).toBeGreaterThan(20);
  expect(report.live.length).toBeGreaterThan(40);
});

test('the cache holds what the API server has', () => expect(report.cached).toEqual(report.live));

test('every object that was written and every removal was told', () => {
  const lost = Object.entries(report.written).filter(([name, version]) => (report.told[name] ?? null) !== version);
  expect(lost).toEqual([]);
});

test('the watch was resumed, or listed again once per outage at most', () => {
  expect(report.lists).toBeLessThanOrEqual(3);
});

test('who held the lease has it again', () => {
  expect(report.lease.at(-1)).toBe('gained');
});
