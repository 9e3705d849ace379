/** A kind of route that comes and goes while Sluice runs, in a cluster of its own: other tests need theirs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { REPOSITORY } from '../cluster/binaries/repository.ts';
import { up } from '../cluster/up.ts';
import type { RouteKindsReport } from '../kube/route-kinds-scenario.ts';

let cluster: Cluster;
let report: RouteKindsReport;

beforeAll(async () => {
  cluster = await up({ istio: false, prometheus: false, kubelet: 'instant', crds: [] });
  const script = join(REPOSITORY, 'test/kube/route-kinds-scenario.ts');
  const { code, stdout, stderr } = await cluster.run(process.execPath, ['--no-warnings', script], {
    withinMs: 240_000,
  });
  if (code !== 0) throw new Error(stderr);
  report = JSON.parse(stdout) as RouteKindsReport;
}, 300_000);
afterAll(() => (cluster as Cluster | undefined)?.down());

const unserved =
  'the provider smi works with TrafficSplit (split.smi-spec.io/v1alpha2), which the API server does not serve';

describe('a provider whose kind of route is not installed', () => {
  it('is admitted with a warning that says what is missing and what is there, by kubectl', () => {
    const { workload, policy } = report.absent;
    const warning = `Warning: ${unserved}: no release can start until it does; the provider auto takes one that is there (kubernetes)`;
    for (const { code, text } of [workload, policy])
      expect([code, text]).toEqual([0, expect.stringContaining(warning)]);
  });

  it('is told from one that there is not at all', () => {
    const { code, text } = report.absent.misspelt;
    expect([code, text]).toEqual([1, expect.stringMatching(/sluice\.dev\/provider.*"linkred"/)]);
    expect(text).toContain('linkerd');
  });

  it('keeps a release from starting, with what to do in the Release and an event', () => {
    const { phase, message, paused, stableReady, canary } = report.pending;
    expect({ phase, paused, stableReady, canary }).toEqual({
      phase: 'Pending',
      paused: true,
      stableReady: 2,
      canary: false,
    });
    expect(message).toContain('Install what serves it, or use another provider (here kubernetes can be used)');
  });
});

describe('when it is installed', () => {
  it('the release starts by itself', () => {
    expect(report.started).toMatchObject({ step: 1, weights: [80, 20], canary: true });
    expect(report.started.events).toContain('ReleaseStarted');
  });

  it('the same writes pass without the warning', () => {
    const { workload, policy } = report.present;
    for (const { code, text } of [workload, policy])
      expect([code, text.includes('does not serve')]).toEqual([0, false]);
  });
});

describe('when it is uninstalled in the middle of a release', () => {
  it('stable keeps serving, and the release waits and says why, with an event', () => {
    const { message, ...rest } = report.bereft;
    expect(message).toBe(
      `no request can be routed to the canary: ${unserved}; stable serves everything, and the release goes on once it is installed again`,
    );
    expect(rest).toMatchObject({ phase: 'Progressing', step: 1, paused: true, stableReady: 2, canary: true });
    expect(rest.events).toContain('RouteKindMissing');
  });

  it('it can be aborted', () =>
    expect(report.aborted).toMatchObject({ phase: 'Aborted', paused: false, stableReady: 2, canary: false }));

  it('it goes on once the kind is installed again', () => {
    expect(report.back).toMatchObject({ phase: 'Progressing', step: 1, weights: [80, 20], paused: true });
    expect(report.over).toMatchObject({ phase: 'Aborted', paused: false, canary: false });
    expect(report.over).not.toHaveProperty('weights');
  });
});
