/** The contract of `MetricSource`: every source runs it, Prometheus also as the real program. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Series } from '../../src/core/judge/series.ts';
import type { Selector } from '../../src/core/questions/selector.ts';
import type { Ask } from '../../src/core/questions/source-form.ts';
import type { Labels } from '../../src/values/kube-object.ts';
import type { Instant } from '../../src/values/time.ts';
import { MetricError, type MetricSource } from '../../src/ports/metrics.ts';

/** Queries of shape `value` with known results. */
export type KnownQueries = {
  /** The plain number 41.5. */
  readonly number: string;
  /** One element, labelled kind="one", of value 3. */
  readonly one: string;
  /** Two elements, labelled i="1" and i="2", of values 1 and 2. */
  readonly many: string;
  readonly none: string;
  readonly nan: string;
  readonly infinite: string;
};

export type MetricsWorld = {
  readonly source: MetricSource;
  /** The same kind of source, where nobody answers. */
  readonly lost: MetricSource;
  readonly queries: KnownQueries;
  /** A whole second; nothing that is loaded is later. */
  readonly now: Instant;
  load(series: readonly Series[]): Promise<void>;
  close(): Promise<void>;
};

const never = new AbortController().signal;

const awkward = [
  'plain',
  'a"quote',
  String.raw`back\slash`,
  'line\nbreak',
  'dot.dot',
  'a|b',
  '(a)',
  '{{x}}',
  'grüße',
  "it's",
  '$1^',
  '[a-z]+',
];

const one = (metric: string, labels: Labels, points: Series['points']): Series => ({
  labels: { __name__: metric, ...labels },
  points,
});

const loaded = (now: Instant): readonly Series[] => {
  const at = (seconds: number, value: number): readonly [Instant, number] => [now + seconds * 1000, value];
  const names = ['web', 'web-canary', 'web-other'];
  return [
    ...names.map((pod, i) =>
      one('contract_total', { ns: 'shop', pod }, [at(-90, i), at(-60, 10 + i), at(-30, 20 + i), at(0, 30 + i)]),
    ),
    one('contract_total', { ns: 'test', pod: 'web' }, [at(-60, 99), at(0, 100)]),
    one('contract_odd', {}, [at(-30, Number.NaN), at(-20, Infinity), at(-10, -Infinity), at(0, 0.1)]),
    ...awkward.map((name, i) => one('contract_awkward', { name }, [at(-1, i)])),
  ];
};

const samples = (selector: Selector, from: Instant, to: Instant): Ask => ({
  shape: 'samples',
  selector,
  from,
  to,
});

const totalOf = (...pods: readonly string[]): Selector => ({
  metric: 'contract_total',
  where: { ns: { values: ['shop'] }, pod: { values: pods } },
});

export const metricsContract = (name: string, open: () => Promise<MetricsWorld>): void => {
  describe(`the contract of a metric source: ${name}`, () => {
    let world: MetricsWorld;
    beforeAll(async () => {
      world = await open();
      await world.load(loaded(world.now));
    });
    afterAll(() => world.close());

    const fetched = async (ask: Ask): Promise<readonly Series[]> => (await world.source.fetch(ask, never)).series;
    const valuesOf = (series: readonly Series[]): readonly (readonly number[])[] =>
      series.map(({ points }) => points.map(([, value]) => value));

    describe('samples', () => {
      it('are the raw points after the start, up to and with the end, oldest first, with their labels', async () => {
        const { now } = world;
        expect(await fetched(samples(totalOf('web'), now - 60_000, now))).toEqual([
          {
            labels: { __name__: 'contract_total', ns: 'shop', pod: 'web' },
            points: [
              [now - 30_000, 20],
              [now, 30],
            ],
          },
        ]);
      });

      it('end where they are asked to end', async () => {
        const { now } = world;
        const series = await fetched(samples(totalOf('web'), now - 90_500, now - 29_999));
        expect(valuesOf(series)).toEqual([[0, 10, 20]]);
      });

      it('of several names come in one answer, and of no other name', async () => {
        const series = await fetched(samples(totalOf('web', 'web-canary'), world.now - 1_000, world.now));
        expect(valuesOf(series).flat().sort()).toEqual([30, 31]);
      });

      it('are chosen by patterns that match whole values', async () => {
        const selector: Selector = { metric: 'contract_total', where: { pod: { patterns: ['web-c[a-y]+', 'x+'] } } };
        expect(valuesOf(await fetched(samples(selector, world.now - 1_000, world.now)))).toEqual([[31]]);
      });

      it.each(awkward)('are found by the label value %j, alone and among others', async (value) => {
        const ask = (...values: readonly string[]): Ask =>
          samples({ metric: 'contract_awkward', where: { name: { values } } }, world.now - 2_000, world.now);
        const expected = [[awkward.indexOf(value)]];
        expect(valuesOf(await fetched(ask(value)))).toEqual(expected);
        expect(valuesOf(await fetched(ask(value, 'nothing')))).toEqual(expected);
      });

      it('keep NaN and the infinities', async () => {
        const series = await fetched(samples({ metric: 'contract_odd', where: {} }, world.now - 40_000, world.now));
        expect(valuesOf(series)).toEqual([[Number.NaN, Infinity, -Infinity, 0.1]]);
      });

      it.each([
        ['no such metric', { metric: 'contract_absent', where: {} }, 60_000],
        ['no such label value', totalOf('nobody'), 60_000],
        ['no point in that time', { metric: 'contract_awkward', where: {} }, 500],
      ])('are an empty list where there are none: %s', async (_case, selector, span) =>
        expect(await fetched(samples(selector, world.now - span, world.now))).toEqual([]),
      );
    });

    describe('a value', () => {
      const value = (query: string): Ask => ({ shape: 'value', query, at: world.now });

      it('that is a plain number is one series without labels, at the time that was asked for', async () =>
        expect(await fetched(value(world.queries.number))).toEqual([{ labels: {}, points: [[world.now, 41.5]] }]));

      it('that is a vector of one is one series with its labels', async () =>
        expect(await fetched(value(world.queries.one))).toEqual([
          { labels: expect.objectContaining({ kind: 'one' }), points: [[world.now, 3]] },
        ]));

      it('that is a vector of several is all of them, not the first and not the last', async () => {
        const series = await fetched(value(world.queries.many));
        expect(series.map(({ labels, points }) => [labels['i'], points[0]?.[1]]).sort()).toEqual([
          ['1', 1],
          ['2', 2],
        ]);
      });

      it('that is nothing is an empty list, never zero', async () =>
        expect(await fetched(value(world.queries.none))).toEqual([]));

      it('that is NaN or infinite stays so', async () => {
        expect(valuesOf(await fetched(value(world.queries.nan)))).toEqual([[Number.NaN]]);
        expect(valuesOf(await fetched(value(world.queries.infinite)))).toEqual([[Infinity]]);
      });
    });

    describe('failures', () => {
      const ask = (): Ask => samples(totalOf('web'), world.now - 60_000, world.now);

      it('a question withdrawn before it is asked is a MetricError', async () => {
        const failed = world.source.fetch(ask(), AbortSignal.abort());
        await expect(failed).rejects.toBeInstanceOf(MetricError);
        await expect(failed).rejects.toMatchObject({ reason: 'cancelled', retry: true });
      });

      it('an answer longer than the caller reads is a MetricError, and one as long as that is an answer', async () => {
        const { bytes } = await world.source.fetch(ask(), never);
        expect(bytes).toBeGreaterThan(0);
        expect((await world.source.fetch(ask(), never, bytes)).series).toHaveLength(1);
        await expect(world.source.fetch(ask(), never, bytes - 1)).rejects.toMatchObject({
          name: 'MetricError',
          reason: 'too-large',
          retry: false,
        });
      });

      it.each(['fetch', 'ping'] as const)('%s where nobody answers is a MetricError worth a retry', async (call) => {
        const failed = call === 'ping' ? world.lost.ping(never) : world.lost.fetch(ask(), never);
        await expect(failed).rejects.toBeInstanceOf(MetricError);
        await expect(failed).rejects.toMatchObject({ reason: 'unreachable', retry: true });
      });

      it('answers a ping', () => expect(world.source.ping(never)).resolves.toBeUndefined());
    });
  });
};
