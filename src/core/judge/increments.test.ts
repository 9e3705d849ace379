import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import vectors from '../../../test/fixtures/judge/counter-blocks.json' with { type: 'json' };
import { aSeries, from, since, to } from '../../../test/support/measurements.ts';
import { increments, type CounterWindow } from './increments.ts';
import type { Series } from './series.ts';

const window: CounterWindow = { from, to, since };
const total = (series: readonly Series[], over: Partial<CounterWindow> = {}): number =>
  increments(series, { ...window, ...over }).reduce((sum, { by }) => sum + by, 0);

const ok = { pod: 'a', code: '200' };
const bad = { pod: 'a', code: '500' };

describe('increments of one counter', () => {
  it.each([
    ['grows', [aSeries(ok, [-15, 10], [0, 12], [15, 20], [60, 25])], 13],
    ['a point at the window’s very start is before it', [aSeries(ok, [0, 10], [15, 11])], 1],
    ['a point after the window is the next one’s', [aSeries(ok, [0, 10], [60, 11], [61, 99])], 1],
    ['growth across the start belongs to the window of its later point', [aSeries(ok, [-10, 10], [5, 14])], 4],
    ['falls: a restart, counted from zero', [aSeries(ok, [-15, 100], [15, 7], [30, 9])], 9],
    ['falls to zero', [aSeries(ok, [-15, 100], [15, 0], [30, 3])], 3],
    ['restarts twice', [aSeries(ok, [-15, 100], [15, 7], [30, 3], [45, 5])], 12],
    ['stands still', [aSeries(ok, [-15, 10], [15, 10])], 0],
    ['is a NaN now and then', [aSeries(ok, [-15, 10], [15, Number.NaN], [30, 12])], 2],
    ['is gone before the window', [aSeries(ok, [-60, 10], [-45, 20])], 0],
    ['was seen once only', [aSeries(ok, [30, 50])], 0],
  ])('%s', (_case, series, expected) => expect(total(series)).toBe(expected));

  it('says nothing of a counter seen once, rather than that it did not grow', () => {
    expect(increments([aSeries(ok, [30, 50])], window)).toEqual([]);
    expect(increments([aSeries(ok, [-15, 50], [30, 50])], window)).toEqual([{ labels: ok, by: 0 }]);
  });
});

describe('counters of one process live and die together', () => {
  it('counts a label that appears in a known process from zero: the first error is not lost', () =>
    expect(increments([aSeries(ok, [-15, 10], [15, 20]), aSeries(bad, [15, 4])], window)).toEqual([
      { labels: ok, by: 10 },
      { labels: bad, by: 4 },
    ]));

  it('takes a fall of one counter for a restart of all, also of one that is already past its old value', () =>
    expect(total([aSeries(ok, [-15, 100], [15, 120]), aSeries(bad, [-15, 50], [15, 3])])).toBe(123));

  it('does not take another pod’s restart for its own', () =>
    expect(total([aSeries(ok, [-15, 100], [15, 120]), aSeries({ ...bad, pod: 'b' }, [-15, 50], [15, 3])])).toBe(23));

  it.each(['instance', 'job'])('tells processes apart by %s where there is no pod', (label) =>
    expect(
      total([aSeries({ [label]: 'a' }, [-15, 100], [15, 120]), aSeries({ [label]: 'b' }, [-15, 50], [15, 3])]),
    ).toBe(23),
  );

  it('does not take a counter that vanished and came back smaller for a restart of the others', () =>
    expect(total([aSeries(ok, [-15, 1000], [15, 1001], [30, 1002]), aSeries(bad, [-15, 50], [30, 1])])).toBe(3));

  it('takes points that are milliseconds apart for one scrape', () => {
    const late = aSeries(bad, [-14.997, 5], [15.002, 6]);
    expect(total([aSeries(ok, [-15, 100], [15, 120]), late])).toBe(21);
  });
});

describe('a process not seen before the window', () => {
  const young = [aSeries(ok, [15, 30], [30, 40]), aSeries(bad, [15, 6], [30, 6])];
  it.each([
    ['nobody knows its age: its first scrape is only a start', undefined, 10],
    ['it started in the window: everything it counted is new', from + 5_000, 46],
    ['it started before the window but after the points begin: nobody has counted it yet', from - 5_000, 46],
    ['it is older than the points: who knows since when it has counted', since - 1, 10],
  ])('%s', (_case, started, expected) =>
    expect(total(young, { started: new Map(started === undefined ? [] : [['a', started]]) })).toBe(expected),
  );

  it('that is known and younger than its last scrape restarted under its old name', () =>
    expect(total([aSeries(ok, [-15, 10], [15, 12])], { started: new Map([['a', from]]) })).toBe(12));
});

describe('the reference vectors', () => {
  type Snapshot = Readonly<Record<string, Readonly<Record<string, number | undefined>> | undefined>>;
  const seriesOf = (prev: Snapshot, cur: Snapshot, prevTime: number): readonly Series[] => {
    const names = Object.keys({ ...prev, ...cur });
    return names.flatMap((pod) =>
      Object.keys({ ...prev[pod], ...cur[pod] }).map((code) => {
        const points = [
          [prevTime * 1000, prev[pod]?.[code]],
          [prevTime * 1000 + 15_000, cur[pod]?.[code]],
        ] as const;
        return {
          labels: { pod, code },
          points: points.flatMap(([at, v]) => (v === undefined ? [] : [[at, v] as const])),
        };
      }),
    );
  };

  it.each(vectors.map((v) => [v.id, v] as const))('%s', (_id, { input, expected }) => {
    const { prev, cur, prevTime, start } = input;
    const at = prevTime * 1000;
    const started = new Map(Object.entries(start).map(([pod, seconds]) => [pod, seconds * 1000]));
    const grown = increments(seriesOf(prev, cur, prevTime), { from: at, to: at + 15_000, since: at, started });
    const sum = (wanted: (code: string) => boolean): number =>
      grown.filter(({ labels }) => wanted(labels['code']!)).reduce((n, { by }) => n + by, 0);
    expect({ requests: sum(() => true), errors: sum((code) => code.startsWith('err')) }).toEqual(expected);
  });
});

describe('what is before the last scrape ahead of the window', () => {
  it('changes nothing', () => {
    const young = { started: new Map([['a', since - 1]]) };
    const recent = [aSeries(ok, [-5, 60], [15, 70]), aSeries(bad, [15, 2])];
    const longer = [aSeries(ok, [-90, 900], [-45, 2], [-5, 60], [15, 70]), aSeries(bad, [-90, 40], [-45, 40], [15, 2])];
    expect(total(longer, young)).toBe(total(recent, young));
    expect(total(recent, young)).toBe(12);
  });
});

describe('windows one after the other', () => {
  const counter = fc
    .array(
      fc.record({ gap: fc.integer({ min: 1, max: 40 }), by: fc.integer({ min: 0, max: 9 }), restart: fc.boolean() }),
      {
        minLength: 2,
        maxLength: 20,
      },
    )
    .map((steps) => {
      let [seconds, value] = [-120, 0];
      return steps.map(({ gap, by, restart }) => {
        seconds += gap;
        value = restart && by > 0 ? 0 : value + by;
        return [seconds, value] as const;
      });
    });

  it('neither overlap nor lose anything', () =>
    fc.assert(
      fc.property(
        fc.array(counter, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 59 }),
        (counters, cut) => {
          const series = counters.map((points, i) => aSeries({ pod: `p${i % 2}`, code: String(i) }, ...points));
          const middle = from + cut * 1000;
          const parts = total(series, { to: middle }) + total(series, { from: middle });
          expect(parts).toBe(total(series));
          expect(parts).toBeGreaterThanOrEqual(0);
        },
      ),
    ));
});
