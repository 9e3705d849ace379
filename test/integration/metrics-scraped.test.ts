/** Real pods' metrics, scraped by a real Prometheus: what Sluice counts is exactly what was sent, restarts included. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { increments } from '../../src/core/judge/increments.ts';
import { requestCounts } from '../../src/core/judge/arm-requests.ts';
import { threshold } from '../../src/core/judge/threshold.ts';
import type { Measurement } from '../../src/core/judge/verdict.ts';
import { answerOf } from '../../src/core/questions/answer.ts';
import type { Check, Telemetry } from '../../src/core/policy/policy.ts';
import type { Instant } from '../../src/values/time.ts';
import { compile } from '../../src/metrics/prometheus/compile.ts';
import { prometheus } from '../../src/metrics/prometheus/prometheus.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import { inTime } from '../cluster/in-time.ts';
import { freePort, startRealPrometheus, toolPath, type RealPrometheus } from '../contract/real-prometheus.ts';
import { aQuestion, duration, successRate } from '../support/measurements.ts';

jest.setTimeout(600_000);

const stablePod = 'web-7d9f8b6c5d-x2k4p';
const canaryPod = 'web-canary-6b54c9d8f7-k2x4p';

/** A pod of the test application on 127.0.0.1, without a cluster. */
class Pod {
  readonly name: string;
  readonly port: number;
  #process: ChildProcess | undefined;

  constructor(name: string, port: number) {
    this.name = name;
    this.port = port;
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<Instant> {
    const own = { POD_IP: '127.0.0.1', PORT: String(this.port), POD_NAME: this.name, POD_NAMESPACE: 'shop' };
    const program = await toolPath('sluice-testapp');
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', program, 'serve'], {
      env: { ...process.env, ...own, ...env },
      stdio: 'ignore',
    });
    await waitUntil(`pod ${this.name}`, async () => (await fetchText(this.url('/readyz'))).ok);
    return Date.now();
  }

  async kill(): Promise<void> {
    if (this.#process === undefined) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await inTime(`pod ${this.name} to end`, ended);
    this.#process = undefined;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Resolves with the number of answers that were 5xx. */
  async send(requests: number): Promise<number> {
    let failed = 0;
    for (let i = 0; i < requests; i += 1) {
      const { status } = await fetchText(this.url('/'));
      if (status >= 500) failed += 1;
    }
    return failed;
  }
}

describe.each<Telemetry>(['istio', 'application'])('what %s telemetry says', (telemetry) => {
  let stable: Pod;
  let canary: Pod;
  let real: RealPrometheus;
  let from: Instant;

  beforeAll(async () => {
    stable = new Pod(stablePod, await freePort());
    canary = new Pod(canaryPod, await freePort());
    await stable.start();
    await stable.send(5);
    real = await startRealPrometheus(
      [stable, canary].map(({ name, port }) => ({
        address: `127.0.0.1:${port}`,
        labels: { namespace: 'shop', pod: name },
      })),
    );
    from = await waitUntil('the first scrape of stable', async () => {
      const measured = await measuredSince(Date.now() - 60_000);
      return measured.stable[0]?.points.at(-1)?.[0];
    });
  });
  afterAll(async () => {
    await Promise.all([stable.kill(), canary.kill()]);
    await real.close();
  });

  const started = new Map<string, Instant>();

  const measuredSince = async (start: Instant, check: Check = successRate(99)): Promise<Measurement> => {
    const window = { from: start, to: Date.now() };
    const question = aQuestion({ check, telemetry, window });
    const compiled = compile(question, start - 150_000);
    const fetched = await prometheus({ address: real.address }).fetch(compiled.ask, new AbortController().signal);
    return { ...window, ...answerOf(question, compiled, fetched), telemetry, started };
  };

  const countsOf = async (arm: 'canary' | 'stable'): Promise<{ requests: number; failed: number }> => {
    const measured = await measuredSince(from);
    return requestCounts(increments(measured[arm], measured), { telemetry });
  };

  it('a canary that has not been asked anything is no data, and says so', async () => {
    started.set(canaryPod, await canary.start({ ERROR_RATE: '0.25' }));
    const verdict = threshold(successRate(99), await measuredSince(from));
    expect(verdict).toMatchObject({ call: 'inconclusive', reason: 'no-data' });
    expect(verdict.because).toMatch(/stable has \d+ series, the canary none: it has not been asked anything yet/);
  });

  it('every request of a new canary counts, from its first scrape on, and only what was sent', async () => {
    const [failed] = await Promise.all([canary.send(40), stable.send(60)]);
    expect(failed).toBe(10);
    await waitUntil('the last scrape of the canary', async () => (await countsOf('canary')).requests >= 40);
    await waitUntil('the last scrape of stable', async () => (await countsOf('stable')).requests >= 60);
    expect(await countsOf('canary')).toMatchObject({ requests: 40, failed: 10, unknown: 0 });
    expect(await countsOf('stable')).toMatchObject({ requests: 60, failed: 0, unknown: 0 });
    expect(threshold(successRate(99), await measuredSince(from))).toMatchObject({
      call: 'fail',
      value: 75,
      because:
        'request-success-rate 75 % (canary 40 requests, 10 failed) is below the minimum 99 %; stable 100 % (60 requests)',
    });
  });

  it('a canary that crashes and comes back loses nothing that was scraped, and counts nothing twice', async () => {
    await canary.kill();
    await canary.start({ LATENCY_MS: '30' });
    expect(await canary.send(5)).toBe(0);
    await waitUntil('the scrape after the restart', async () => (await countsOf('canary')).requests >= 45);
    expect(await countsOf('canary')).toMatchObject({ requests: 45, failed: 10 });
  });

  it('a slow canary is seen as slow, in milliseconds', async () => {
    const start = Date.now();
    await waitUntil('a scrape between', async () => {
      const measured = await measuredSince(start);
      return measured.canary.some(({ points }) => points.some(([at]) => at > start));
    });
    await canary.send(20);
    const check = duration(20, 0.5);
    const verdict = await waitUntil('the scrape of the slow requests', async () => {
      const judged = threshold(check, await measuredSince(start, check));
      return judged.because.includes('canary 20 requests') && judged;
    });
    expect(verdict.call).toBe('fail');
    expect(verdict.value).toBeGreaterThan(25);
    expect(verdict.value).toBeLessThan(100);
  });
});
