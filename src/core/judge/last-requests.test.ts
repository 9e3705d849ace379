import { describe, expect, test } from '@jest/globals';
import { lastRequests, type LastRequests, type Withdrawal } from './last-requests.ts';
import type { Series } from './series.ts';

/** Seconds; the routes were given back at 100, and every proxy should have known at 102. */
const withdrawal = (to: number, more: Partial<Withdrawal> = {}): Withdrawal => ({
  restoredAt: 100_000,
  knownAt: 102_000,
  to: 1000 * to,
  telemetry: 'istio',
  ...more,
});

const counter = (pod: string, points: readonly (readonly [number, number])[], labels = {}): Series => ({
  labels: { __name__: 'istio_requests_total', reporter: 'destination', pod, response_code: '200', ...labels },
  points: points.map(([at, value]) => [1000 * at, value] as const),
});

const path = (path: string): Record<string, string> => ({ __name__: 'http_requests_total', status: '200', path });

const seen = (
  canary: readonly Series[],
  to: number,
  more: Partial<Withdrawal> & { readonly stable?: readonly Series[] } = {},
): LastRequests => lastRequests({ canary, stable: more.stable ?? [] }, withdrawal(to, more));

/** Scraped every 15 s, the first time after the routes at 105. */
const busy = counter('a', [
  [75, 1000],
  [90, 1150],
  [105, 1250],
  [120, 1250],
]);

describe('D3: whether a canary still gets requests', () => {
  test('D3: what came in around the change of routes says nothing, counters that stand still afterwards do', () => {
    expect([seen([busy], 107), seen([busy], 121)]).toEqual([{ seen: 'unseen', gap: 15_000 }, { seen: 'silent' }]);
  });

  test('D3: counters that go on say how many requests a second there are', () => {
    const goesOn = counter('a', [
      [90, 1150],
      [105, 1300],
      [120, 1450],
    ]);
    expect(seen([goesOn], 121)).toEqual({ seen: 'sent', rate: 10 });
  });

  test('D3: one pod of two is enough', () => {
    const other = counter('b', [
      [91, 0],
      [106, 3],
      [121, 18],
    ]);
    expect(seen([busy, other], 122)).toEqual({ seen: 'sent', rate: 1 });
  });

  test('D3: a pod that was scraped once since the change is waited for', () => {
    const other = counter('b', [
      [94, 5],
      [109, 7],
    ]);
    expect(seen([busy, other], 121)).toEqual({ seen: 'unseen', gap: 15_000 });
  });

  test('D3: a pod that is gone is not', () => {
    const gone = counter('b', [
      [49, 5],
      [64, 700],
    ]);
    expect(seen([busy, gone], 121)).toEqual({ seen: 'silent' });
  });

  test('D3: who got nothing in the last interval is silent at once', () => {
    const idle = counter('a', [
      [86, 1150],
      [101, 1150],
    ]);
    expect(seen([idle], 102)).toEqual({ seen: 'silent' });
  });

  test('D3: a canary without any series is silent once stable has been scraped twice', () => {
    const stable = [
      counter('s', [
        [104, 5],
        [119, 9],
      ]),
    ];
    expect(seen([], 110, { stable: [counter('s', [[104, 5]])] })).toEqual({ seen: 'unseen', gap: 0 });
    expect(seen([], 120, { stable })).toEqual({ seen: 'silent' });
    expect(seen([], 120)).toEqual({ seen: 'nothing' });
  });

  test.each([
    ['probes of the kubelet', '/healthz', 60, 'silent'],
    ['a health check a second that nobody can tell from users', '/alive', 15, 'silent'],
    ['users', '/cart', 60, 'sent'],
  ])('D3: an application that counts %s', (_, asked, by, wanted) => {
    const points = [
      [90, 0],
      [105, by],
      [120, 2 * by],
    ] as const;
    const own = counter('a', points, path(asked));
    expect(seen([own], 121, { telemetry: 'application', probes: ['/healthz'] }).seen).toBe(wanted);
  });
});
