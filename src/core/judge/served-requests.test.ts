import { describe, expect, it } from '@jest/globals';
import { aMeasurement, aSeries, duration, from, successRate } from '../../../test/support/measurements.ts';
import type { Labels } from '../../values/kube-object.ts';
import { servedRequests, windowRequests } from './served-requests.ts';
import type { Series } from './series.ts';

const ok = (pod: string, more: Labels = {}): Labels => ({ pod, response_code: '200', ...more });
/** A counter that grows by `perSecond`, scraped every 15 s, first at `first` seconds after the window's start. */
const steady = (pod: string, perSecond: number, first = -45, labels: Labels = ok(pod)): Series => {
  const times = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => first + 15 * i).filter((at) => at <= 60);
  return aSeries(labels, ...times.map((at) => [at, Math.max(0, at + 45) * perSecond] as const));
};
const served = (canary: readonly Series[], stable: readonly Series[], settled = 2): unknown => {
  const result = servedRequests(successRate(99), aMeasurement({ canary, stable }), from + settled * 1000);
  return result && { canary: Math.round(result.canary), stable: Math.round(result.stable) };
};

describe('requests that each arm has served under a split', () => {
  it('are those since it has settled, over the same time for both', () => {
    // Scraped at other moments: 45 s of one arm are seen, 30 s of the other.
    expect(served([steady('c', 2, -43)], [steady('s', 8, -31)])).toEqual({ canary: 90, stable: 360 });
    expect(served([steady('c', 2, -28)], [steady('s', 8, -46)])).toEqual({ canary: 90, stable: 360 });
  });

  it('leave out the scrape that began under the split before', () => {
    const jump = aSeries(ok('s'), [-5, 0], [10, 1000], [25, 1015], [40, 1030], [55, 1045]);
    expect(served([steady('c', 1, -35)], [jump])).toEqual({ canary: 45, stable: 45 });
  });

  it('are summed over pods', () =>
    expect(served([steady('c', 1)], [steady('s1', 2), steady('s2', 3)])).toEqual({ canary: 45, stable: 225 }));

  it('count a canary that has no series as one that got nothing', () =>
    expect(served([], [steady('s', 8, -43)])).toEqual({ canary: 0, stable: 360 }));

  it('count a new pod, which is scraped late, since the split has settled', () => {
    const late = aSeries(ok('c'), [32, 60], [47, 90]);
    const measured = aMeasurement({
      canary: [late],
      stable: [steady('s', 8, -43)],
      started: new Map([['c', from - 20_000]]),
    });
    expect(servedRequests(successRate(99), measured, from + 2000)).toEqual({ canary: 90, stable: 360 });
  });

  it.each<[string, readonly Series[], readonly Series[]]>([
    ['stable has no series: it is not measured', [steady('c', 1)], []],
    ['the canary was scraped once', [aSeries(ok('c'), [30, 50])], [steady('s', 8)]],
    ['stable was scraped once since then', [steady('c', 1)], [aSeries(ok('s'), [-30, 1], [30, 50])]],
  ])('are not known where %s', (_case, canary, stable) => expect(served(canary, stable)).toBeUndefined());

  it('are taken from the bucket that counts every request', () => {
    const buckets = (pod: string, perSecond: number): readonly Series[] => [
      steady(pod, perSecond / 2, -43, { ...ok(pod), le: '100' }),
      steady(pod, perSecond, -43, { ...ok(pod), le: '+Inf' }),
    ];
    const measured = aMeasurement({ canary: buckets('c', 2), stable: buckets('s', 4) });
    expect(servedRequests(duration(500), measured, from)).toEqual({ canary: 90, stable: 180 });
    expect(windowRequests(duration(500), measured)).toEqual({ canary: 120, stable: 240 });
  });
});
