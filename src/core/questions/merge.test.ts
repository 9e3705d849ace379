import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aQuery, aQuestion, aRound, duration, successRate } from '../../../test/support/measurements.ts';
import { memory } from '../../metrics/memory.ts';
import { compile } from '../../metrics/prometheus/compile.ts';
import type { Labels } from '../../values/kube-object.ts';
import type { Instant } from '../../values/time.ts';
import type { Check, Telemetry } from '../policy/policy.ts';
import { answerOf, type Measured } from './answer.ts';
import { batches, batchOf, takeApart, type Batch, type BatchBounds, type Sized } from './merge.ts';
import type { Question } from './question.ts';
import type { Ask, Compiled } from './source-form.ts';

const never = new AbortController().signal;
const now: Instant = 1_700_000_000_000;
const roomy: BatchBounds = { members: 120, bytes: 8_000_000 };

const questionOf = (workload: string, over: Partial<Question> = {}, namespace = 'shop'): Question =>
  aQuestion({ arms: { ...aRound().arms, namespace, workload, canary: `${workload}-canary` }, ...over });
const sized = (question: Question, bytes = 1_000, since = question.window.from - 150_000): Sized => ({
  ask: compile(question, since).ask,
  bytes,
});
const many = (count: number): readonly Sized[] =>
  Array.from({ length: count }, (_, i) => sized(questionOf(`web-${i}`)));
const requestsFor = (asks: readonly Sized[], bounds = roomy): number => batches(asks, bounds).length;
const askOf = ([batch]: readonly Batch<Sized>[]): Ask => batch!.ask;

describe('asks of many releases', () => {
  it('for one metric are one request, that names each value once', () => {
    const [batch, ...others] = batches([sized(questionOf('web')), sized(questionOf('api'))], roomy);
    expect(others).toEqual([]);
    expect(batch?.ask).toMatchObject({
      shape: 'samples',
      selector: {
        metric: 'istio_requests_total',
        where: {
          reporter: { values: ['destination', 'waypoint'] },
          destination_workload_namespace: { values: ['shop'] },
          destination_workload: { values: ['api', 'api-canary', 'web', 'web-canary'] },
        },
      },
    });
  });

  it('read as far back, and up to as late, as any of them needs', () => {
    const windows = [
      { from: now - 60_000, to: now },
      { from: now - 10_000, to: now + 5_000 },
    ];
    const ask = askOf(
      batches(
        windows.map((window) => sized(questionOf('web', { window }))),
        roomy,
      ),
    );
    expect(ask).toMatchObject({ from: now - 210_000, to: now + 5_000 });
  });

  it.each<[string, readonly Question[], number]>([
    ['another metric', [questionOf('web'), questionOf('web', { check: duration(500) })], 2],
    ['another telemetry', [questionOf('web'), questionOf('web', { telemetry: 'linkerd' })], 2],
    ['another namespace', [questionOf('web'), questionOf('web', {}, 'test')], 1],
    [
      'another quantile of the same durations',
      [questionOf('web', { check: duration(500) }), questionOf('web', { check: duration(100, 0.5) })],
      1,
    ],
    [
      'the very same value',
      [questionOf('web', { check: aQuery('up', { min: 1 }) }), questionOf('api', { check: aQuery('up', { max: 2 }) })],
      1,
    ],
    [
      'another value',
      [
        questionOf('web', { check: aQuery('up', { min: 1 }) }),
        questionOf('web', { check: aQuery('down', { min: 1 }) }),
      ],
      2,
    ],
    [
      'the same value at another time',
      [
        questionOf('web', { check: aQuery('up', { min: 1 }) }),
        questionOf('web', { check: aQuery('up', { min: 1 }), window: { from: now, to: now + 1 } }),
      ],
      2,
    ],
  ])('with %s', (_case, questions, requests) => expect(requestsFor(questions.map((one) => sized(one)))).toBe(requests));

  it.each([
    ['no more members than are allowed', many(200), roomy, 2],
    ['no longer answers than are allowed', many(10), { ...roomy, bytes: 3_500 }, 4],
    ['at least one member each, however long its answer', many(3), { ...roomy, bytes: 1 }, 3],
    ['nothing of nothing', [], roomy, 0],
  ])('are as few requests as the bounds allow: %s', (_case, asks, bounds, requests) =>
    expect(requestsFor(asks, bounds)).toBe(requests),
  );

  it('with an hour to read do not make those with a minute read an hour', () => {
    const long = sized(questionOf('slow', { window: { from: now - 3_600_000, to: now } }), 100_000);
    const short = Array.from({ length: 100 }, (_, i) =>
      sized(questionOf(`web-${i}`, { window: { from: now - 10_000, to: now } }), 50_000),
    );
    const found = batches([...short, long], roomy);
    expect(found.map(({ members }) => members.length)).toEqual([expect.any(Number), expect.any(Number)]);
    const [, second] = found;
    expect(second?.members.length).toBeGreaterThan(90);
    expect(second?.ask).toMatchObject({ from: now - 160_000 });
  });
});

/** Names that begin or end like one another, as Deployments of one team do. */
const names = ['web', 'web-canary', 'web-canary-canary', 'web-v2', 'we', 'webx', 'my-web', 'bcdfg', 'web-bcdfg'];
const workload = fc.constantFrom(...names.filter((name) => !name.endsWith('-canary')), 'web-canary');
const namespace = fc.constantFrom('shop', 'shop-canary', 'test');
const telemetry = fc.constantFrom<Telemetry>('istio', 'linkerd', 'application');
const check = fc.constantFrom<Check>(successRate(99), duration(500), duration(50, 0.5), aQuery('up', { min: 1 }));
const question: fc.Arbitrary<Question> = fc
  .record({
    workload,
    namespace,
    telemetry,
    check,
    length: fc.integer({ min: 1, max: 200 }),
    end: fc.integer({ min: -20, max: 0 }),
  })
  .map((r) => {
    const to = now + r.end * 1_000;
    const window = { from: to - r.length * 1_000, to };
    return questionOf(r.workload, { telemetry: r.telemetry, check: r.check, window }, r.namespace);
  });

const metrics = [
  'istio_requests_total',
  'istio_request_duration_milliseconds_bucket',
  'response_total',
  'response_latency_ms_bucket',
  'http_requests_total',
  'http_request_duration_seconds_bucket',
];
const labels: fc.Arbitrary<Labels> = fc
  .record({
    metric: fc.constantFrom(...metrics),
    deployment: fc.constantFrom(...names),
    namespace: fc.constantFrom('shop', 'shop-canary', 'test', 'elsewhere'),
    hash: fc.constantFrom('7d9f8b6c5d', 'bcdfg', '0'),
    suffix: fc.constantFrom('x2k4p', 'bcdfg', '1'),
    reporter: fc.constantFrom('destination', 'source'),
    le: fc.constantFrom('0.5', '+Inf'),
  })
  .map(({ metric, deployment, hash, suffix, reporter, le, namespace: ns }) => ({
    __name__: metric,
    namespace: ns,
    deployment,
    destination_workload: deployment,
    destination_workload_namespace: ns,
    pod: `${deployment}-${hash}-${suffix}`,
    reporter,
    direction: reporter === 'source' ? 'outbound' : 'inbound',
    le,
  }));
const held = fc.record({ labels, at: fc.array(fc.integer({ min: -400, max: 5 }), { minLength: 1, maxLength: 6 }) });

type Asked = Sized & { readonly question: Question; readonly compiled: Compiled };

/** Series in an order that does not depend on how they were asked for. */
const inOrder = ({ canary, stable, ...rest }: Measured): object => {
  const sort = (series: Measured['canary']): readonly string[] => series.map((one) => JSON.stringify(one)).sort();
  return { ...rest, canary: sort(canary), stable: sort(stable) };
};

describe('an answer', () => {
  const bounds = fc.record({ members: fc.integer({ min: 1, max: 8 }), bytes: fc.constantFrom(2_000, 20_000, 1e9) });

  it('is the very one that asking alone would have brought, whoever was asked for in the same request', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(question, { minLength: 1, maxLength: 12 }),
        fc.array(held, { maxLength: 40 }),
        bounds,
        async (questions, series, within) => {
          const source = memory();
          source.answer('up', 1);
          for (const one of series)
            for (const at of [...new Set(one.at)].sort((a, b) => a - b))
              source.record(one.labels, now + at * 1_000, at);
          const asked = questions.map((one): Asked => {
            const compiled = compile(one, one.window.from - 150_000);
            return { question: one, compiled, ask: compiled.ask, bytes: 1_000 };
          });
          const found = batches(asked, within);
          expect(found.flatMap(({ members }) => members)).toHaveLength(asked.length);
          for (const batch of found) {
            const together = takeApart(batch, (await source.fetch(batch.ask, never)).series);
            for (const one of batch.members) {
              const alone = await source.fetch(one.ask, never);
              const answer = answerOf(one.question, one.compiled, { series: together.get(one)!, notes: [] });
              expect(inOrder(answer)).toEqual(inOrder(answerOf(one.question, one.compiled, alone)));
            }
          }
        },
      ),
    ));

  it('of one member is asked for as that member alone would have', () =>
    fc.assert(
      fc.property(question, (one) => {
        const alone = sized(one);
        expect(batchOf(alone, []).ask).toEqual(alone.ask);
      }),
    ));

  it('is taken apart by looking once at each set of labels, however many series have it', () => {
    const members = many(100);
    const [first, ...others] = members;
    const points = [[now, 1]] as const;
    const series = Array.from({ length: 50_000 }, (_, i) => ({
      labels: {
        __name__: 'istio_requests_total',
        reporter: 'destination',
        destination_workload_namespace: 'shop',
        destination_workload: `web-${i % 100}`,
        source: String(i),
      },
      points,
    }));
    const start = process.cpuUsage();
    const own = takeApart(batchOf(first!, others), series);
    expect([...own.values()].map(({ length }) => length)).toEqual(Array(100).fill(500));
    const { user, system } = process.cpuUsage(start);
    // A test of every series by every selector takes tens of seconds of processor time.
    expect((user + system) / 1000).toBeLessThan(10_000);
  });
});
