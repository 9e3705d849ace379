import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  aPolicy,
  byWeights,
  atPhase,
  aWorkload,
  pristine,
  stepped,
  then,
  v2,
  withWeight,
  type Moment,
} from '../../../test/support/release-facts.ts';
import type { Facts, WorkloadFacts } from './facts.ts';
import { withStatus } from './state.ts';

const quota = 'pods is forbidden: exceeded quota: q';
/** In the middle of the roll of a promotion from 50 %. */
const rolling = (change: Partial<WorkloadFacts> = {}): Moment => {
  const promoting = atPhase('Promoting', { policy: aPolicy({ strategy: byWeights(50) }) });
  const progressedAt = promoting.facts.now;
  const workload = aWorkload({
    paused: false,
    marks: { release: 'web-2', phase: 'Promoting' },
    progressedAt,
    ...change,
  });
  return then(promoting, { workload });
};
const after = (moment: Moment): Moment => ({ status: stepped(moment).status, facts: moment.facts });
const sizeAndSplit = (moment: Moment): unknown =>
  stepped(moment).effects.map((effect) => {
    if (effect.do === 'ensure-canary') return effect.replicas;
    return effect.do === 'route' ? effect.split.weight : effect.do;
  });
const replicas: Partial<Facts> = { route: { ...pristine, splits: 'replicas' } };

describe('F6: a promotion that lacks room', () => {
  it('takes the weight from the canary first, and its pods once every proxy has followed', () => {
    const lacking = after(rolling({ refused: quota }));
    expect(sizeAndSplit(lacking)).toEqual([2, 0]);
    expect(stepped(lacking).wakeAt).toBe(lacking.facts.now + 3000);
    expect(lacking.status.waiting).toEqual({
      reason: 'PromotionLacksRoom',
      message: `promoting, and there is no room for a new pod of the workload, and the canary has made room: ${quota}`,
    });
    const followed = then(lacking, {}, 3000);
    expect(sizeAndSplit(followed)).toEqual([0, 0]);
    const gone = then(followed, { canary: { templateHash: v2, replicas: 0, ready: 0 } }, 60_000);
    expect(stepped(gone).status.phase).toBe('Promoting');
    expect(sizeAndSplit(gone)).toEqual([0, 0]);
  });

  it('does not take back what it was given when there is room again', () => {
    const lacking = after(rolling({ refused: quota }));
    const roomy = then(lacking, { workload: rolling().facts.workload }, 9000);
    expect(sizeAndSplit(roomy)).toEqual([0, 0]);
    expect(stepped(roomy).status.waiting).toBeUndefined();
  });

  it('gives the pods back at once where pods are the split', () => {
    expect(sizeAndSplit(after(then(rolling({ refused: quota }), replicas)))).toEqual([0, 0]);
  });

  it('asks for nothing before the workload has been given the template', () => {
    const held = then(rolling(), { workload: aWorkload({ refused: quota }) });
    expect(stepped(held).status.givenBack).toBeUndefined();
  });

  it.each<[string, Partial<WorkloadFacts>, number]>([
    ['all of it while stable has all its pods', { available: 4 }, 0],
    ['what stable lacks stays', { available: 3 }, 25],
    ['nothing is given back while stable lacks as much', { available: 2 }, 50],
    ['an autoscaler has made stable smaller', { replicas: 3, available: 3, autoscaler: { name: 'web', most: 9 } }, 25],
  ])('gives back what stable can serve without: %s', (_what, workload, weight) => {
    const { status } = stepped(rolling({ refused: quota, ...workload }));
    expect(status.wanted?.split).toEqual(withWeight(weight));
  });

  it('has the pods of the workload looked at twice while nothing moves, and believes no older look', () => {
    const moment = after(rolling());
    const since = moment.facts.now;
    const looks = (later: number, roll?: Facts['roll']): boolean =>
      stepped(then(moment, roll === undefined ? {} : { roll }, later)).effects.some(
        (effect) => effect.do === 'look-at-roll',
      );
    expect([looks(9999), looks(10_000)]).toEqual([false, true]);
    const seen = { at: since + 10_000 };
    expect([looks(10_000, seen), looks(59_999, seen), looks(60_000, seen)]).toEqual([false, false, true]);
    expect(looks(3_600_000, { at: since + 60_000 })).toBe(false);
    const unschedulable = '0/1 nodes are available: 1 Too many pods.';
    const full = stepped(then(moment, { roll: { at: since + 10_000, unschedulable } }, 10_000));
    expect([full.status.waiting?.reason, full.status.wanted?.split]).toEqual(['PromotionLacksRoom', withWeight(0)]);
    const old = stepped(then(moment, { roll: { at: since - 1, unschedulable } }, 9000));
    expect(old.status.waiting).toBeUndefined();
  });

  it('is said to be stuck after the deadline without progress, and goes on', () => {
    const lacking = after(rolling({ refused: quota }));
    const due = then(after(then(lacking, {}, 3000)), {}, 57_000);
    expect(stepped(due).status).toMatchObject({
      phase: 'Promoting',
      waiting: {
        reason: 'PromotionStuck',
        message: `promotion is stuck: the workload makes no progress: ${quota}; stable serves everything, and it is tried further`,
      },
    });
    const progressed = { ...due.facts.workload, progressedAt: due.facts.now - 1000 };
    expect(stepped(then(due, { workload: progressed })).status.waiting?.reason).toBe('PromotionLacksRoom');
  });

  it('wakes when the deadline is over, also where nothing is refused', () => {
    const moment = after(then(rolling(), { roll: { at: rolling().facts.now + 10_000 } }));
    expect(stepped(moment).wakeAt).toBe((moment.facts.workload.progressedAt ?? 0) + 60_000);
  });

  it('does not fail for canary pods that are lost to it', () => {
    const lost = after(then(rolling(), { canary: { templateHash: v2, replicas: 2, ready: 1 } }));
    const { status } = stepped(then(lost, {}, 60_000));
    expect([status.phase, status.wanted?.split]).toEqual(['Promoting', withWeight(0)]);
  });

  it('with Recreate goes with the canary pods that fit: without, nobody would serve', () => {
    const recreate = aWorkload({ vanishes: true });
    const full = atPhase('Promoting', { workload: recreate });
    const fits = { templateHash: v2, replicas: 4, ready: 2, refused: quota };
    const short = { ...full, status: withStatus(full.status, { splitInPlaceAt: undefined }) };
    const gone = after(then(short, { canary: fits }));
    expect(stepped(then(gone, {}, 3000)).effects.map((effect) => effect.do)).toEqual([
      'ensure-canary',
      'route',
      'promote',
    ]);
  });
});

describe('whatever the pods are, in a promotion that lacks room', () => {
  it('F6: weight and pods only go down, pods never before the weight, and stable and canary together serve everything', () => {
    const pods = fc.record({ available: fc.integer({ min: 0, max: 5 }), later: fc.integer({ min: 0, max: 5000 }) });
    fc.assert(
      fc.property(fc.array(pods, { minLength: 1, maxLength: 8 }), (turns) => {
        let moment = rolling({ refused: quota });
        let [weight, size] = [50, 2];
        for (const { available, later } of turns) {
          const workload = { ...moment.facts.workload, available };
          const { status, facts, effects } = stepped(then(moment, { workload }, later));
          const ensured = effects.find((effect) => effect.do === 'ensure-canary');
          const next = [status.weight ?? 0, ensured?.replicas ?? 0] as const;
          expect(next[0]).toBeLessThanOrEqual(weight);
          expect(next[1]).toBeLessThanOrEqual(size);
          expect(next[1] * 100).toBeGreaterThanOrEqual(next[0] * 4);
          if (next[0] < weight) expect(next[0]).toBeGreaterThanOrEqual(100 - available * 25);
          [weight, size] = next;
          moment = { status, facts };
        }
      }),
      { numRuns: 200 },
    );
  });
});
