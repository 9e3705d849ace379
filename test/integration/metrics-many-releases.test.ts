/** Two hundred releases asked about at once, counted at a real Prometheus. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sourceForms } from '../../src/metrics/index.ts';
import { prometheus } from '../../src/metrics/prometheus/prometheus.ts';
import { metricOutside } from '../../src/outside/outside.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { Outside } from '../../src/ports/outside.ts';
import { alignUp } from '../../src/core/questions/grid.ts';
import type { Instant } from '../../src/values/time.ts';
import { startRealPrometheus, type RealPrometheus } from '../contract/real-prometheus.ts';
import { remoteWrite } from '../contract/remote-write.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { judgedBy, manyReleases, rightRound, wantAll, type ManyReleases } from '../support/metric-worlds.ts';

// Building Prometheus, where there is none yet, takes minutes.
jest.setTimeout(600_000);

const releases = 200;
const scrape = 15_000;

describe('two hundred releases with the two built-in checks, at a real Prometheus', () => {
  let real: RealPrometheus;
  let outside: Outside;
  beforeAll(async () => {
    real = await startRealPrometheus();
    const source = prometheus({ address: real.address });
    outside = metricOutside({ clock: systemClock, open: () => source, forms: sourceForms, random: Math.random });
  });
  afterAll(async () => {
    outside.stop();
    await real.close();
  });

  /** As Prometheus itself counts them. */
  const queries = async (): Promise<number> => {
    const { text } = await fetchText(`${real.address}/metrics`);
    const counts = text.matchAll(/^prometheus_http_requests_total\{.*handler="\/api\/v1\/query".*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  const allJudged = ({ rounds }: ManyReleases): Promise<Instant> =>
    waitUntil('every verdict', () =>
      Promise.resolve(rounds.every((round) => judgedBy(outside, round) !== 'pending') ? Date.now() : undefined),
    );

  it('cost four queries a tick, no verdict is late, and every verdict is the release’s own', async () => {
    for (let tick = 1; tick <= 3; tick += 1) {
      const end = alignUp(Date.now() + 1_000);
      const many = manyReleases(releases, end);
      await remoteWrite(
        real.address,
        many.series.map(({ labels, points }) => ({ labels: { ...labels, tick: String(tick) }, points })),
      );
      const before = await queries();
      wantAll(outside, many.rounds);
      const late = (await allJudged(many)) - end;
      expect(late).toBeLessThan(scrape);
      expect((await queries()) - before).toBe(4);
      if (tick > 1) continue;
      for (const round of many.rounds) expect(judgedBy(outside, round)).toMatchObject(rightRound(many.healthOf(round)));
    }
  });
});
