import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v1, v2, v3, World } from '../../../test/support/release-world.ts';
import type { WorkloadFacts } from './facts.ts';

const atStep2 = (): World => new World().run(100, (x) => x.status.step === 2);
/** Unpaused for its promotion, and not rolled out yet. */
const inPromotion = (change: Partial<WorkloadFacts> = {}): World => {
  const w = new World();
  Object.assign(w.workload, change);
  w.stableRolls = false;
  return w.run(100, (x) => !x.workload.paused);
};
/** The workload as somebody else's write leaves it: without marks of a release, unless said otherwise. */
const becomes = (w: World, change: Partial<WorkloadFacts>): World => {
  delete (w.workload as { marks?: unknown }).marks;
  Object.assign(w.workload, { paused: false, ...change });
  return w;
};

const ann = '{"user":"ann\\u202e","tool":"kubectl-edit","at":"2026-01-01T00:00:00.000Z"}';

describe('a release that somebody has put an end to', () => {
  test.each<[string, Partial<WorkloadFacts>, string]>([
    ['by the stable template', { templateHash: v1 }, 'the template that was stable before is back'],
    [
      'by one that is known to be good',
      { templateHash: v3, knownGood: true },
      'a template that is known to be good is back; it rolls natively, at once',
    ],
    ['by a fix of what is broken', { templateHash: v3 }, 'superseded by a template that rolls natively'],
  ])('names them, %s, and takes the name off the workload', (_name, change, words) => {
    const w = becomes(atStep2(), { ...change, endedBy: ann });
    w.run(60, (x) => x.done.at(-1)?.do === 'forget-author');
    expect([w.status.completedAt, w.canary]).toEqual([undefined, undefined]);
    delete (w.workload as { endedBy?: string }).endedBy;
    w.run();
    expect(w.status.message).toBe(`${words} (applied by ann\\u{202e} with kubectl-edit)`);
    expect(w.status.completedAt).toBeDefined();
    expect(w.done.filter((e) => e.do === 'forget-author')).toHaveLength(1);
  });
});

describe('a release whose workload has moved on', () => {
  test.each<[string, Partial<WorkloadFacts>, string, string]>([
    ['the stable template is back', { templateHash: v1 }, 'Aborted', 'TemplateBack'],
    ['one that was promoted before is back', { templateHash: v3, knownGood: true }, 'Aborted', 'RolledBack'],
    ['the workload has opted out', { templateHash: v2, optedIn: false }, 'Aborted', 'OptedOut'],
    ['it has opted out with another template', { templateHash: v3, optedIn: false }, 'Aborted', 'OptedOut'],
    ['another template rolls', { templateHash: v3 }, 'Superseded', 'RolledNatively'],
    ['its own template rolls unpaused, the marks gone', { templateHash: v2 }, 'Bypassed', 'Unpaused'],
    ['its own template rolls unpaused', { marks: { release: 'web-2' } }, 'Bypassed', 'Unpaused'],
    ['the users pause over it is lifted', { marks: { release: 'web-2', phase: 'UserPaused' } }, 'Bypassed', 'Unpaused'],
    ['another release is wanted', { templateHash: v3, marks: { release: 'web-3' } }, 'Superseded', 'Superseded'],
    [
      'it only records that the workload rolls back',
      { marks: { release: 'web-2', phase: 'RolledBack', requestedBy: '{"user":"ann","at":"now"}' } },
      'Skipped',
      'RolledBack',
    ],
    ['it only records a restart', { marks: { release: 'web-2', phase: 'Restarted' } }, 'Skipped', 'Restarted'],
    ['the user skips it', { marks: { release: 'web-2', phase: 'Skipped' } }, 'Skipped', 'SkipRequested'],
  ])('ends when %s', (_name, change, outcome, reason) => {
    const w = becomes(atStep2(), change).run();
    expect(w.status).toMatchObject({ phase: outcome, weight: 0, ending: { outcome, reason } });
    expect({ canary: w.canary, observed: w.share, losses: w.losses }).toEqual({
      canary: undefined,
      observed: 'unknown',
      losses: [],
    });
    // Only a release that asks for it itself puts a template back.
    expect(w.done.map((e) => e.do)).not.toContain('put-back');
  });

  test('takes its marks off a template that was unpaused behind its back', () => {
    const w = becomes(atStep2(), { marks: { release: 'web-2' } }).run();
    expect(w.done.at(-1)).toEqual({ do: 'settle' });
    expect(w.workload).toMatchObject({ templateHash: v2, paused: false });
  });

  test('waits while a paused template without marks has not been given any', () => {
    const w = becomes(atStep2(), { templateHash: v3, paused: true });
    w.run(3);
    expect(w.status.ending).toBeUndefined();
  });

  test('made again for a template that was being promoted when it was deleted, it ends and starts no canary', () => {
    const w = new World();
    Object.assign(w.workload, { paused: false, marks: { release: 'web-2', phase: 'Promoting' } });
    w.run();
    expect(w.status).toMatchObject({ phase: 'Succeeded', ending: { reason: 'Promoted' } });
    expect(w.done.map((e) => e.do)).not.toContain('ensure-canary');
  });
});

test('marks that an undo brings back after a success are taken off again', () => {
  const w = new World().run();
  expect(w.status.phase).toBe('Succeeded');
  Object.assign(w.workload, { marks: { release: 'web-2', phase: 'Promoting' } });
  expect(w.reconcile()).toEqual([{ do: 'settle' }]);
  expect(w.workload.marks).toBeUndefined();
  expect(w.reconcile()).toEqual([]);
});

describe('in the middle of a promotion', () => {
  test.each<[string, Partial<WorkloadFacts>, boolean]>([
    ['another release is wanted', { templateHash: v3, paused: true, marks: { release: 'web-3' } }, false],
    [
      'another one waits for the user',
      { templateHash: v3, paused: true, marks: { release: 'web-3', phase: 'UserPaused' } },
      false,
    ],
    ['another one is skipped to', { templateHash: v3, marks: { release: 'web-3', phase: 'Skipped' } }, false],
    ['another one rolls natively', { templateHash: v3 }, false],
    ['the stable one is back, and the strategy is Recreate', { templateHash: v1 }, true],
    ['an older one is back, and the strategy is Recreate', { templateHash: v3, knownGood: true }, true],
  ])('the canary keeps its share until stable is at full size when %s', (_name, change, recreate) => {
    const w = becomes(inPromotion({ recreate }), { available: 0, ...change });
    const share = w.share;
    w.run(20);
    expect({ observed: w.share, canary: w.canary?.ready }).toEqual({ observed: share, canary: w.canary?.replicas });
    Object.assign(w.workload, { available: 4, complete: true });
    w.run();
    expect(w.status.completedAt).toBeDefined();
    expect({ canary: w.canary, losses: w.losses }).toEqual({ canary: undefined, losses: [] });
  });

  test.each([
    ['rolls: those pods are about to go', { paused: false }, true],
    ['is held: they stay', { paused: true, marks: { release: 'web-3' } }, false],
  ])('with Recreate, pods of the promoted template count when the next one %s', (_name, change, keeps) => {
    const w = becomes(inPromotion({ recreate: true }), { templateHash: v3, available: 4, ...change });
    w.run(20);
    expect(w.share === 'unknown').toBe(!keeps);
    w.workload.complete = true;
    expect(w.run().status.phase).toBe('Superseded');
  });

  test.each<[string, Partial<WorkloadFacts>]>([
    ['the stable one', { templateHash: v1 }],
    ['an older one that is known to be good', { templateHash: v3, knownGood: true }],
  ])('%s, back with a rolling update, takes the share at once', (_name, change) => {
    const w = becomes(inPromotion(), { available: 3, ...change });
    w.reconcile();
    expect(w.share).toBe('unknown');
    expect(w.run().status.phase).toBe('Aborted');
  });

  const superseded = { templateHash: v3, paused: true, marks: { release: 'web-3' } };

  test('a stable that does not get to full size keeps the next release waiting no longer than its deadline', () => {
    const w = becomes(inPromotion(), { ...superseded, available: 3 });
    const since = w.now;
    w.run(300, (x) => x.share === 'unknown');
    expect(w.now - since).toBeGreaterThanOrEqual(w.policy.progressDeadline);
    expect(w.run().status.phase).toBe('Superseded');
  });

  test('but without a single pod of stable the canary goes on serving', () => {
    const w = becomes(inPromotion(), { ...superseded, available: 0 });
    w.run(300);
    expect(w.share).toBe(50);
    w.workload.available = 1;
    expect(w.run().status.phase).toBe('Superseded');
  });

  test('a canary without a ready pod keeps nothing', () => {
    const w = becomes(inPromotion(), { ...superseded, available: 3 });
    w.podsBecomeReady = false;
    if (w.canary) w.canary.ready = 0;
    w.reconcile();
    expect(w.share).toBe('unknown');
  });

  test('opting out lets it finish', () => {
    const w = becomes(inPromotion(), { templateHash: v2, optedIn: false });
    w.stableRolls = true;
    expect(w.run().status.phase).toBe('Succeeded');
  });
});

describe('whatever becomes of the workload, at whatever moment', () => {
  const template = fc.constantFrom(v1, v2, v3);
  const change = fc.record({
    templateHash: template,
    optedIn: fc.boolean(),
    knownGood: fc.boolean(),
    recreate: fc.boolean(),
    available: fc.constantFrom(0, 3, 4),
    marks: fc.option(
      fc.record({ release: fc.constantFrom('web-2', 'web-3'), phase: fc.constantFrom('', 'Skipped', 'UserPaused') }),
      { nil: undefined },
    ),
  });

  test('the release ends, and no request meets a missing backend', () => {
    fc.assert(
      fc.property(fc.nat({ max: 60 }), change, (moment, { marks, ...rest }) => {
        const w = new World().run(moment);
        const mine = marks?.release === 'web-2';
        becomes(w, { ...rest, ...(marks === undefined ? {} : { marks }), ...(mine ? { templateHash: v2 } : {}) });
        w.stableRolls = false;
        w.run(30);
        w.stableRolls = true;
        w.workload.available = 4;
        w.run();
        expect(w.status.completedAt).toBeDefined();
        expect({ canary: w.canary, losses: w.losses }).toEqual({ canary: undefined, losses: [] });
      }),
      { numRuns: 200 },
    );
  });
});
