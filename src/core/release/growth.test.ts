import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  atStep,
  aPolicy,
  byWeights,
  aWorkload,
  stepped,
  then,
  v2,
  withWeight,
  type Moment,
} from '../../../test/support/release-facts.ts';
import type { WorkloadFacts } from './facts.ts';
import { sizeToReach } from './growth.ts';
import { canarySize } from './size.ts';

const autoscaler = { name: 'web', most: 20 };

describe('the size that stable has to reach before it serves everything', () => {
  const half = atStep(1, { policy: aPolicy({ strategy: byWeights(50) }), workload: aWorkload({ replicas: 8 }) });

  it.each<[string, Partial<WorkloadFacts>, number | undefined]>([
    ['is that of before where an autoscaler has made it smaller', { replicas: 4, autoscaler }, 8],
    ['is no more than the autoscaler may give', { replicas: 4, autoscaler: { name: 'web', most: 6 } }, 6],
    ['is what a person has set where there is no autoscaler', { replicas: 4 }, undefined],
    ['is what it has where that is more', { replicas: 9, available: 9, autoscaler }, undefined],
    ['is what it has been given where the pods are not there yet', { replicas: 8, available: 4, autoscaler }, 8],
    ['is what it has where a pod is missing, as in any roll', { replicas: 8, available: 7, autoscaler }, undefined],
    ['is what it has where none of its pods serve', { replicas: 8, available: 0, autoscaler }, undefined],
    ['is none where it is switched off', { replicas: 0, autoscaler }, undefined],
  ])('F5b: %s', (_what, workload, wanted) => {
    const { status, facts } = then(half, { workload: aWorkload(workload) });
    expect(sizeToReach(status, facts)).toBe(wanted);
  });
});

describe('whatever sizes a workload has had', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 });
  const weight = fc.integer({ min: 1, max: 99 });

  it('F5a: a pod of the canary carries no more than one of stable when stable was largest', () => {
    fc.assert(
      fc.property(sizes, weight, (seen, share) => {
        let moment: Moment = atStep(1, { policy: aPolicy({ strategy: byWeights(share) }) });
        for (const replicas of seen) {
          const next = stepped(then(moment, { workload: aWorkload({ replicas }) }));
          moment = { status: next.status, facts: next.facts };
        }
        const effect = stepped(moment).effects.find(({ do: what }) => what === 'ensure-canary');
        const pods = effect !== undefined && 'replicas' in effect ? effect.replicas : 0;
        const peak = Math.max(4, ...seen);
        expect(share / pods).toBeLessThanOrEqual(100 / peak);
        expect(pods).toBe(canarySize(peak, share, 'route'));
      }),
      { numRuns: 200 },
    );
  });

  it('F5b: a share is not taken back while stable can still grow to the size for it, and at the latest when patience ends', () => {
    const fact = fc.record({ replicas: fc.integer({ min: 1, max: 12 }), available: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(fact, fc.constantFrom(0, 30_000, 59_999, 60_000), (workload, later) => {
        const half = atStep(1, { policy: aPolicy({ strategy: byWeights(50) }), workload: aWorkload({ replicas: 8 }) });
        const shrunk = then(half, {
          workload: aWorkload({ replicas: 4, autoscaler }),
          requests: [{ id: '1', verb: 'abort' }],
        });
        const aborted = stepped(shrunk);
        expect(aborted.effects).toEqual([
          { do: 'route', split: withWeight(50) },
          { do: 'grow-workload', replicas: 8 },
        ]);
        const canary = { templateHash: v2, replicas: 4, ready: 4 };
        const now = aWorkload({ ...workload, autoscaler });
        const { effects } = stepped(then(aborted, { canary, workload: now }, later));
        const lifted = effects.some(({ do: what }) => what === 'restore-routes');
        const serves = workload.replicas >= 8 && workload.available >= workload.replicas;
        if (serves || later >= 60_000) expect(lifted).toBe(true);
        else if (workload.replicas < 8) expect(effects).toContainEqual({ do: 'grow-workload', replicas: 8 });
        else expect(lifted).toBe(workload.available >= workload.replicas);
      }),
      { numRuns: 200 },
    );
  });
});
