import { describe, expect, it } from '@jest/globals';
import { metricDefinitions, metricsTable, type MetricDefinition } from './metric-definitions.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const web = { namespace: 'shop', workload: 'web', release: 'web-7' };
const next = { ...web, release: 'web-8' };

const series = async (metrics: Metrics, name: string): Promise<readonly string[]> =>
  (await metrics.expose()).text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'));

const counting = (): Metrics => createMetrics({ processMetrics: false });

describe('series of running releases', () => {
  it('has one phase at a time', async () => {
    const metrics = counting();
    metrics.release.show(web, { phase: 'Preparing', weight: 0, step: 0 });
    metrics.release.show(web, { phase: 'Progressing', weight: 5, step: 2 });
    expect(await series(metrics, 'sluice_release')).toEqual([
      'sluice_release_phase{namespace="shop",workload="web",phase="Progressing"} 1',
      'sluice_release_weight{namespace="shop",workload="web"} 5',
      'sluice_release_step{namespace="shop",workload="web"} 2',
    ]);
  });

  it('shows what a check measured last, and nothing when it measured nothing', async () => {
    const metrics = counting();
    metrics.release.show(web, { phase: 'Progressing', weight: 5, step: 2 });
    metrics.release.check(web, { check: 'errors', call: 'pass', value: 0.2 });
    metrics.release.check(web, { check: 'errors', call: 'fail', value: 7.5 });
    expect(await series(metrics, 'sluice_check_value')).toEqual([
      'sluice_check_value{namespace="shop",workload="web",check="errors"} 7.5',
    ]);
    metrics.release.check(web, { check: 'errors', call: 'inconclusive' });
    expect(await series(metrics, 'sluice_check_value')).toEqual([]);
    expect(await series(metrics, 'sluice_checks_total')).toEqual([
      'sluice_checks_total{check="errors",call="pass"} 1',
      'sluice_checks_total{check="errors",call="fail"} 1',
      'sluice_checks_total{check="errors",call="inconclusive"} 1',
    ]);
  });

  it('leaves nothing of an ended release but the counts', async () => {
    const metrics = counting();
    metrics.release.show(web, { phase: 'Progressing', weight: 5, step: 2 });
    metrics.release.check(web, { check: 'errors', call: 'fail', value: 7.5 });
    metrics.release.end(web, { outcome: 'Failed', seconds: 95 });
    expect((await metrics.expose()).text).not.toContain('workload="web"');
    expect(await series(metrics, 'sluice_releases_total')).toEqual([
      'sluice_releases_total{namespace="shop",outcome="Failed"} 1',
    ]);
    expect(await series(metrics, 'sluice_release_duration_seconds_sum')).toEqual([
      'sluice_release_duration_seconds_sum{outcome="Failed"} 95',
    ]);
  });

  it('counts a release whose start is not known, without a duration', async () => {
    const metrics = counting();
    metrics.release.end(web, { outcome: 'Skipped', seconds: Number.NaN });
    expect(await series(metrics, 'sluice_releases_total')).toHaveLength(1);
    expect(await series(metrics, 'sluice_release_duration_seconds_count')).toEqual([]);
  });

  it('counts nothing for a release that was deleted', async () => {
    const metrics = counting();
    metrics.release.show(web, { phase: 'Progressing', weight: 5, step: 2 });
    metrics.release.forget(web);
    expect((await metrics.expose()).text).not.toContain('workload="web"');
    expect(await series(metrics, 'sluice_releases_total')).toEqual([]);
  });

  it('shows the superseded release until it is over, then the one that waits', async () => {
    const metrics = counting();
    metrics.release.show(web, { phase: 'Withdrawing', weight: 20, step: 3 });
    metrics.release.show(next, { phase: 'Pending', weight: 0, step: 0 });
    metrics.release.show(web, { phase: 'Withdrawing', weight: 0, step: 3 });
    expect(await series(metrics, 'sluice_release_phase')).toEqual([
      'sluice_release_phase{namespace="shop",workload="web",phase="Withdrawing"} 1',
    ]);
    metrics.release.end(web, { outcome: 'Superseded', seconds: 30 });
    expect(await series(metrics, 'sluice_release_phase')).toEqual([
      'sluice_release_phase{namespace="shop",workload="web",phase="Pending"} 1',
    ]);
  });

  it('does not grow with the releases that have been', async () => {
    const metrics = counting();
    const round = (n: number): void => {
      const key = { namespace: 'shop', workload: `w${n}`, release: `w${n}-2` };
      metrics.release.show(key, { phase: 'Progressing', weight: 1, step: 1 });
      metrics.release.check(key, { check: 'errors', call: 'pass', value: n });
      metrics.release.end(key, { outcome: 'Succeeded', seconds: 60 });
    };
    round(0);
    const lines = (await metrics.expose()).text.split('\n').length;
    for (let n = 1; n <= 100; n += 1) round(n);
    expect((await metrics.expose()).text.split('\n')).toHaveLength(lines);
  });

  it('a verdict on a release that is not shown is counted only', async () => {
    const metrics = counting();
    metrics.release.check(web, { check: 'errors', call: 'pass', value: 1 });
    expect(await series(metrics, 'sluice_check_value')).toEqual([]);
    expect(await series(metrics, 'sluice_checks_total')).toHaveLength(1);
  });
});

describe('the other observers', () => {
  it.each<[string, (metrics: Metrics) => void, string]>([
    ['admission', (m) => m.admission('start', 4, true), 'sluice_admission_total{case="start",allowed="true"} 1'],
    [
      'admission, in seconds',
      (m) => m.admission('start', 4, false),
      'sluice_admission_duration_seconds_sum{case="start",allowed="false"} 0.004',
    ],
    ['replica that works', (m) => m.leader(true), 'sluice_leader 1'],
    ['reconcile', (m) => m.reconcile(250), 'sluice_reconcile_duration_seconds_sum 0.25'],
    ['reconcile that failed', (m) => m.reconcile(1, 'conflict'), 'sluice_reconcile_errors_total{reason="conflict"} 1'],
    ['queue', (m) => m.queueDepth(3), 'sluice_queue_depth 3'],
    [
      'request',
      (m) => m.kubeRequest('patch', 'Deployment', 409),
      'sluice_kube_requests_total{verb="patch",kind="Deployment",code="409"} 1',
    ],
    [
      'traffic',
      (m) => m.trafficChange('istio', 'replace'),
      'sluice_traffic_changes_total{provider="istio",op="replace"} 1',
    ],
    ['skew, in seconds', (m) => m.clockSkew(-1500), 'sluice_clock_skew_seconds -1.5'],
    [
      'certificate',
      (m) => m.certificateExpiry('a.b.svc', 60_000),
      'sluice_webhook_certificate_expiry_timestamp_seconds{name="a.b.svc"} 60',
    ],
  ])('%s', async (_what, tell, line) => {
    const metrics = counting();
    tell(metrics);
    expect((await metrics.expose()).text.split('\n')).toContain(line);
  });

  it('has buckets where admission is judged', async () => {
    const metrics = counting();
    metrics.admission('start', 4, true);
    const buckets = await series(metrics, 'sluice_admission_duration_seconds_bucket');
    const below = (ms: number): number =>
      buckets.filter((line) => Number(/le="([\d.]+)"/.exec(line)?.[1]) <= ms / 1000).length;
    expect(below(50) - below(1)).toBeGreaterThanOrEqual(8);
  });
});

describe('the registry', () => {
  it('is no global: two processes in one, as in tests, do not meet', async () => {
    const [one, two] = [counting(), counting()];
    one.queueDepth(1);
    two.queueDepth(2);
    expect(await series(one, 'sluice_queue_depth')).toEqual(['sluice_queue_depth 1']);
  });

  it('exposes every metric that is defined, and the figures of the process when asked to', async () => {
    const { text, contentType } = await createMetrics({ processMetrics: true }).expose();
    for (const { name, kind, help } of Object.values<MetricDefinition>(metricDefinitions)) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`);
      expect(metricsTable()).toContain(`| \`${name}\` | ${kind} |`);
    }
    expect(text).toContain('process_resident_memory_bytes');
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await series(counting(), 'process_')).toEqual([]);
  });
});
