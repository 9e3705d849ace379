import { describe, expect, it } from '@jest/globals';
import { aMeasurement, aSeries, grown } from '../../../test/support/measurements.ts';
import { armRequests } from './arm-requests.ts';

describe('the requests of an arm', () => {
  const window = aMeasurement({});

  it('are counted over all its pods and codes', () =>
    expect(
      armRequests(
        [
          grown({ pod: 'a', response_code: '200' }, 5),
          grown({ pod: 'b', response_code: '503' }, 2),
          grown({ pod: 'b' }, 1),
        ],
        window,
      ),
    ).toEqual({ requests: 8, failed: 2, unknown: 1 }));

  it('may be none: counters that stand still are an answer', () =>
    expect(armRequests([grown({ pod: 'a', response_code: '200' }, 0)], window)).toEqual({
      requests: 0,
      failed: 0,
      unknown: 0,
    }));

  it('are not known where there is no series, or none with a point in the window', () => {
    expect(armRequests([], window)).toBeUndefined();
    expect(armRequests([aSeries({ pod: 'a' }, [-1, 5])], window)).toBeUndefined();
  });

  it('are not known of a process that was seen once', () =>
    expect(armRequests([aSeries({ pod: 'a' }, [60, 5])], window)).toBeUndefined());
});
