import { describe, expect, test } from '@jest/globals';
import { toRfc3339 } from '../../values/time.ts';
import type { ReleaseStatus } from '../../schema/release.ts';
import { begin } from '../../../test/support/release-facts.ts';
import { withoutFuture } from './recorded-instants.ts';

const [now, soon, future] = [begin, begin + 2000, begin + 600_000].map(toRfc3339) as [string, string, string];

const at = (time: string): ReleaseStatus => ({
  phase: 'Failing',
  phaseEnteredAt: time,
  splitInPlaceAt: time,
  routesRestoredAt: time,
  canaryFlaps: { times: 1, unready: 1000, until: time },
  analyses: [{ id: 'checks', failures: 0, judgedAt: time }],
  ending: { outcome: 'Failed', reason: 'ChecksFailed', message: 'bad', decidedAt: time, withdrawnAt: time },
});

describe('D10: instants of a status', () => {
  test('that are in the future are now: what they began begins anew', () =>
    expect(withoutFuture(at(future), begin)).toEqual(at(now)));
  test('that are in the past, or as good as now, stay', () => {
    expect(withoutFuture(at(soon), begin)).toEqual(at(soon));
    expect(withoutFuture(at(now), begin + 1000)).toEqual(at(now));
  });
});
