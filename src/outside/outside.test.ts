import { beforeEach, describe, expect, it } from '@jest/globals';
import { aQuery, aQuestion, aRound } from '../../test/support/measurements.ts';
import {
  countingSource,
  judgedBy,
  load,
  manyReleases,
  rightRound,
  wantAll,
  wantEach,
  type CountingSource,
} from '../../test/support/metric-worlds.ts';
import type { Answer, Question } from '../core/questions/question.ts';
import type { Ask } from '../core/questions/source-form.ts';
import { sourceForms } from '../metrics/index.ts';
import { manualClock, type ManualClock } from '../ports/clock.ts';
import { MetricError } from '../ports/metrics.ts';
import type { Outside } from '../ports/outside.ts';
import type { AskingLimits } from './limits.ts';
import { metricOutside } from './outside.ts';

let clock: ManualClock;
let source: CountingSource;
beforeEach(() => {
  clock = manualClock();
  source = countingSource();
});

const opened = (limits: Partial<AskingLimits> = {}): Outside =>
  metricOutside({ clock, open: () => source, forms: sourceForms, random: () => 0, limits });

const never = (): Promise<never> => new Promise(() => undefined);
const ownQuery = (query: string, over: Partial<Question> = {}): Question =>
  aQuestion({
    id: `${query}@${clock.now()}`,
    check: aQuery(query, { min: 1 }),
    window: { from: clock.now() - 60_000, to: clock.now() },
    ...over,
  });
const ownQueries = (count: number): readonly Question[] =>
  Array.from({ length: count }, (_, i) => ownQuery(`up{i="${i}"}`));
const answerTo = (outside: Outside, key: string): Answer | 'pending' | undefined =>
  [...outside.answers(key).values()][0];
const because = (outside: Outside, key: string): string => {
  const answer = answerTo(outside, key);
  return answer === undefined || answer === 'pending' || answer.kind === 'measured' ? 'no failure' : answer.because;
};
const rangeOf = (ask: Ask | undefined): number => (ask?.shape === 'samples' ? ask.to - ask.from : Number.NaN);

describe('two hundred releases with the two built-in checks', () => {
  it('cost at most four queries a tick, and each gets its own verdict', async () => {
    const { rounds, healthOf, series } = manyReleases(200, clock.now() + 10_000);
    load(source, series);
    const outside = opened();
    wantAll(outside, rounds);
    await clock.advanceAsync(12_000);
    expect(source.asks).toHaveLength(4);
    for (const round of rounds) expect(judgedBy(outside, round)).toMatchObject(rightRound(healthOf(round)));
  });

  it('cost as many when they ask one by one within half a second after the tick', async () => {
    const { rounds, healthOf, series } = manyReleases(200, clock.now());
    load(source, series);
    const outside = opened();
    for (const round of rounds) {
      wantAll(outside, [round]);
      await clock.advanceAsync(2);
    }
    await clock.advanceAsync(2_000);
    expect(source.asks).toHaveLength(4);
    for (const round of rounds) expect(judgedBy(outside, round)).toMatchObject(rightRound(healthOf(round)));
  });

  it('are asked about within a second after the tick', async () => {
    const { rounds } = manyReleases(200, clock.now());
    const outside = opened();
    wantAll(outside, rounds);
    await clock.advanceAsync(1_000);
    expect(rounds.filter((round) => judgedBy(outside, round) === 'pending')).toEqual([]);
  });

  it('that fell behind, as after a restart, are few queries as well, although their windows end at different times', async () => {
    const world = manyReleases(200, clock.now());
    load(source, world.series);
    const rounds = world.rounds.map((round, i) => ({
      ...round,
      window: { from: round.window.from - i * 100, to: round.window.to - i * 100 },
    }));
    const outside = opened();
    wantAll(outside, rounds);
    await clock.advanceAsync(1_000);
    expect(source.asks.length).toBeLessThanOrEqual(6);
    expect(rounds.filter((round) => judgedBy(outside, round) === 'pending')).toEqual([]);
  });
});

describe('a source', () => {
  it('is asked a few things at a time, and the end of one request begins the next', async () => {
    source.pace = () => new Promise((resolve) => void clock.after(1_000, resolve));
    const outside = opened();
    wantEach(outside, ownQueries(10));
    let most = 0;
    for (let i = 0; i < 40; i += 1) {
      await clock.advanceAsync(100);
      most = Math.max(most, source.open.size);
    }
    expect([most, source.asks.length]).toEqual([4, 10]);
  });

  it('is asked so many times a second and no more', async () => {
    const outside = opened({ rate: 10, concurrency: 2 });
    wantEach(outside, ownQueries(50));
    await clock.advanceAsync(100);
    expect(source.asks).toHaveLength(2);
    await clock.advanceAsync(1_000);
    expect(source.asks).toHaveLength(12);
    await clock.advanceAsync(4_000);
    expect(source.asks).toHaveLength(50);
  });

  it('is asked with a random delay', async () => {
    const outside = metricOutside({ clock, open: () => source, forms: sourceForms, random: () => 0.5 });
    wantEach(outside, [ownQuery('up')]);
    await clock.advanceAsync(149);
    expect(source.asks).toEqual([]);
    await clock.advanceAsync(1);
    expect(source.asks).toHaveLength(1);
  });

  it('that hangs is given up after the deadline, and the slots are free again', async () => {
    source.pace = never;
    const outside = opened();
    const questions = ownQueries(8);
    wantEach(outside, questions);
    await clock.advanceAsync(10_099);
    expect([source.open.size, source.aborted.length]).toEqual([4, 0]);
    await clock.advanceAsync(1);
    expect([source.open.size, source.aborted.length, source.asks.length]).toEqual([4, 4, 8]);
    expect(because(outside, questions[0]!.id)).toBe(
      'the memory source did not answer before the deadline: see whether it is overloaded',
    );
    expect(answerTo(outside, questions[7]!.id)).toBe('pending');
  });

  it('that hangs and does not even notice that it is given up is left behind a moment later', async () => {
    source.fetch = never;
    const outside = opened();
    const [question] = ownQueries(1);
    wantEach(outside, [question!]);
    await clock.advanceAsync(10_600);
    expect(because(outside, question!.id)).toMatch(/^the metric source did not answer before the deadline/);
  });

  it('that is too slow for all that is asked leaves nobody waiting for ever', async () => {
    source.pace = never;
    const outside = opened();
    const questions = ownQueries(100);
    wantEach(outside, questions);
    await clock.advanceAsync(45_000);
    expect(questions.filter(({ id }) => answerTo(outside, id) === 'pending')).toEqual([]);
    expect(because(outside, questions[99]!.id)).toBe(
      'the metric source did not get to this question within 30 s, with 88 waiting: it is too slow',
    );
  });

  it('that hangs delays no other source', async () => {
    const other = countingSource();
    source.pace = never;
    const outside = metricOutside({
      clock,
      open: ({ address }) => (address === undefined ? source : other),
      forms: sourceForms,
      random: () => 0,
    });
    wantEach(outside, ownQueries(100));
    const elsewhere = ownQuery('up', { source: { kind: 'prometheus', address: 'http://other:9090' } });
    wantEach(outside, [elsewhere]);
    await clock.advanceAsync(200);
    expect(answerTo(outside, elsewhere.id)).toMatchObject({ kind: 'measured' });
  });

  it('that hangs is asked by one merged query for all that wait, once it answers again', async () => {
    source.pace = never;
    const outside = opened({ concurrency: 1 });
    const at = clock.now();
    const stuck = ownQuery('stuck');
    wantEach(outside, [stuck]);
    await clock.advanceAsync(200);
    source.pace = () => Promise.resolve();
    for (let i = 1; i <= 5; i += 1) {
      wantAll(
        outside,
        manyReleases(20, at + i * 1_000).rounds.map((round) => ({
          ...round,
          analysis: String(i),
          release: `${round.release}-${i}`,
        })),
      );
      await clock.advanceAsync(1_000);
    }
    expect(source.asks).toHaveLength(1);
    await clock.advanceAsync(6_000);
    // One for each check; where nothing was found, one more for what callers' proxies say.
    expect(source.asks).toHaveLength(1 + 2 + 2);
  });

  it('that is not there is said at once', async () => {
    const outside = metricOutside({ clock, open: () => undefined, forms: sourceForms, random: () => 0 });
    const told: string[] = [];
    outside.onAnswer((key) => void told.push(key));
    outside.want('web', [ownQuery('up')]);
    expect(because(outside, 'web')).toMatch(/^no Prometheus is known; start Sluice with --prometheus/);
    await clock.advanceAsync(0);
    expect(told).toEqual(['web']);
  });

  it('that fails is a sentence for everybody who asked', async () => {
    const failing = new MetricError('unreachable', 'Prometheus at http://p cannot be reached', { retry: true });
    source.fetch = () => Promise.reject(failing);
    const outside = opened();
    const { rounds } = manyReleases(3, clock.now());
    wantAll(outside, rounds);
    await clock.advanceAsync(1_000);
    for (const round of rounds)
      expect(judgedBy(outside, round)).toMatchObject({
        outcome: 'hold',
        because: expect.stringContaining('could not be measured: Prometheus at http://p cannot be reached'),
      });
  });

  it('that throws something else is a sentence as well, not the end of the program', async () => {
    source.fetch = () => Promise.reject(new TypeError('a bug'));
    const outside = opened();
    const question = ownQuery('up');
    wantEach(outside, [question]);
    await clock.advanceAsync(1_000);
    expect(because(outside, question.id)).toBe('a bug');
  });
});

describe('a clock that is put back by an hour', () => {
  it('stops no question', async () => {
    let back = 0;
    const wrong = { now: () => clock.now() - back, after: (delay: number, run: () => void) => clock.after(delay, run) };
    const outside = metricOutside({ clock: wrong, open: () => source, forms: sourceForms, random: () => 0 });
    const questions = ownQueries(30);
    wantEach(outside, questions);
    await clock.advanceAsync(200);
    back = 3_600_000;
    await clock.advanceAsync(3_000);
    expect(questions.filter(({ id }) => answerTo(outside, id) === 'pending')).toEqual([]);
  });
});

describe('a question that is withdrawn', () => {
  it('before it was sent is not sent, and leaves no timer', async () => {
    const outside = opened();
    const question = ownQuery('up');
    outside.want('web', [question]);
    outside.want('web', []);
    expect(clock.waiting()).toEqual([]);
    await clock.advanceAsync(1_000);
    expect(source.asks).toEqual([]);
  });

  it('ends its request at once, unless others wait for the same', async () => {
    source.pace = never;
    const outside = opened();
    outside.want('web', [ownQuery('up')]);
    outside.want('api', [ownQuery('up')]);
    await clock.advanceAsync(1_000);
    expect(source.asks).toHaveLength(1);
    outside.want('web', []);
    await clock.advanceAsync(0);
    expect(source.aborted).toEqual([]);
    outside.want('api', []);
    await clock.advanceAsync(0);
    expect([source.aborted.length, source.open.size]).toEqual([1, 0]);
  });
});

describe('an answer that is too long', () => {
  const tooLong = (most: number): void => {
    const fetch = source.fetch.bind(source);
    source.fetch = async (ask, signal) => {
      const fetched = await fetch(ask, signal);
      if (fetched.bytes <= most) return fetched;
      throw new MetricError('too-large', `Prometheus answers with more than ${most} bytes`, { retry: false });
    };
  };

  it('is asked for in parts until each fits, and nobody notices', async () => {
    const { rounds, healthOf, series } = manyReleases(60, clock.now());
    load(source, series);
    tooLong(40_000);
    const outside = opened();
    wantAll(outside, rounds);
    await clock.advanceAsync(3_000);
    expect(source.asks.length).toBeGreaterThan(2);
    for (const round of rounds) expect(judgedBy(outside, round)).toMatchObject(rightRound(healthOf(round)));
  });

  it('of one release is that release’s own affair', async () => {
    const { rounds, healthOf, series } = manyReleases(10, clock.now());
    load(source, series);
    const [first, ...others] = rounds;
    const [big] = series;
    for (let i = 0; i < 2_000; i += 1)
      source.record({ ...big!.labels, source_workload: `caller-${i}` }, clock.now() - 1, 1);
    tooLong(100_000);
    const outside = opened();
    wantAll(outside, rounds);
    await clock.advanceAsync(5_000);
    expect(judgedBy(outside, first!)).toMatchObject({
      outcome: 'hold',
      because: expect.stringContaining('Prometheus answers with more than 100000 bytes'),
    });
    for (const round of others) expect(judgedBy(outside, round)).toMatchObject(rightRound(healthOf(round)));
  });

  it('teaches how much may be asked for at once the next time', async () => {
    const { rounds, series } = manyReleases(60, clock.now());
    load(source, series);
    tooLong(60_000);
    const outside = opened({ batch: { members: 120, bytes: 50_000 } });
    wantAll(outside, rounds);
    await clock.advanceAsync(10_000);
    const refused = source.asks.length;
    const later = clock.now();
    for (const { labels } of series) source.record(labels, later, 1);
    wantAll(
      outside,
      rounds.map((round) => ({ ...round, window: { from: round.window.to, to: later } })),
    );
    await clock.advanceAsync(10_000);
    expect(source.asks.length - refused).toBeLessThan(refused);
    expect(
      rounds.filter(
        (round) => judgedBy(outside, { ...round, window: { from: round.window.to, to: later } }) === 'pending',
      ),
    ).toEqual([]);
  });
});

describe('how far back is read', () => {
  it('is learnt from the scrapes that were seen, for each check of each workload', async () => {
    const [round] = manyReleases(1, clock.now()).rounds;
    const { series } = manyReleases(1, clock.now());
    load(source, series);
    const outside = opened();
    wantAll(outside, [round!]);
    await clock.advanceAsync(1_000);
    expect(source.asks.map(rangeOf)).toEqual([180_000, 180_000]);
    const next = { from: round!.window.to, to: round!.window.to + 30_000 };
    wantAll(outside, [{ ...round!, window: next }, aRound({ window: next })]);
    await clock.advanceAsync(32_000);
    // Four scrapes of 15 s and some for what is known; for the other one the default. One query reads what both need, and
    // where the other one's proxies have nothing its callers' are asked.
    const answer = [...outside.answers('team-0/web-0').values()][1];
    expect(answer).toMatchObject({ since: next.from - 65_000 });
    expect(source.asks.slice(2).map(rangeOf).sort()).toEqual([180_000, 180_000, 95_000]);
  });
});

describe('series that a source has in another way than the usual one', () => {
  const recorded = (at: number): void => {
    const pod = 'web-canary-6b54c9d8f7-k2x4p';
    const labels = { kubernetes_namespace: 'shop', kubernetes_pod_name: pod, status: '200' };
    for (const [ago, value] of [
      [60_000, 0],
      [1_000, 30],
    ] as const)
      source.record({ __name__: 'http_requests_total', ...labels }, at - ago, value);
  };
  const ask = async (outside: Outside): Promise<Answer | 'pending' | undefined> => {
    const window = { from: clock.now() - 30_000, to: clock.now() };
    outside.want('a', [aQuestion({ id: String(clock.now()), telemetry: 'application', window })]);
    await clock.advanceAsync(2_000);
    return answerTo(outside, 'a');
  };

  it('R9: are found within the same answer, and asked for at once from then on', async () => {
    const outside = opened();
    recorded(clock.now());
    expect(await ask(outside)).toMatchObject({
      canary: [expect.anything()],
      queries: [expect.anything(), expect.anything()],
    });
    expect(source.asks).toHaveLength(2);
    recorded(clock.now());
    expect(await ask(outside)).toMatchObject({ canary: [expect.anything()], queries: [expect.anything()] });
    expect(source.asks).toHaveLength(3);
  });

  it('are looked for in every way, and what is said names the usual one', async () => {
    expect(await ask(opened())).toMatchObject({
      canary: [],
      stable: [],
      queries: [expect.stringContaining(',pod=~'), expect.stringContaining('kubernetes_pod_name=~')],
      sought: expect.stringContaining('and `pod` of web or web-canary'),
    });
  });
});
