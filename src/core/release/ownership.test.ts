import { describe, expect, test } from '@jest/globals';
import {
  atPhase,
  atStep,
  aWorkload,
  begin,
  facts,
  movedOn,
  pristine,
  stepped,
  then,
  v1,
  v2,
  v3,
  withWeight,
  type Moment,
} from '../../../test/support/release-facts.ts';
import type { WorkloadFacts } from './facts.ts';
import { initialStatus } from './step.ts';

const becomes = (moment: Moment, change: Partial<WorkloadFacts>): Moment => then(moment, { workload: movedOn(change) });
const wishes = (moment: Moment): readonly string[] => stepped(moment).effects.map((effect) => effect.do);
const after = (moment: Moment): Moment => ({ status: stepped(moment).status, facts: moment.facts });
/** Routes back, and canary gone. */
const cleared = ({ status, facts: { canary: _, ...rest } }: Moment): Moment => ({
  status,
  facts: { ...rest, now: rest.now + 60_000, route: pristine, canaryGone: true },
});

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
    const ended = after(becomes(atStep(2), { ...change, endedBy: ann }));
    expect(ended.status.message).toBe(`${words} (applied by ann\\u{202e} with kubectl-edit)`);
    const named = cleared(ended);
    expect([stepped(named).status.completedAt, wishes(named).at(-1)]).toEqual([undefined, 'forget-author']);
    const forgotten = stepped(becomes(after(named), change));
    expect(forgotten.status.completedAt).toBeDefined();
    expect(forgotten.effects).toEqual([]);
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
    const moved = becomes(atStep(2), change);
    const { status } = stepped(moved);
    expect(status).toMatchObject({ phase: 'Withdrawing', weight: 0, ending: { outcome, reason } });
    // Only a release that asks for it itself puts a template back.
    expect(wishes(moved)).toEqual(['restore-routes']);
    expect(stepped(cleared(after(moved))).effects.map((effect) => effect.do)).not.toContain('put-back');
  });

  test('takes its marks off a template that was unpaused behind its back', () => {
    const unpaused = cleared(after(becomes(atStep(2), { marks: { release: 'web-2' } })));
    expect(wishes(unpaused)).toEqual(['restore-routes', 'remove-canary', 'settle']);
    expect(stepped(becomes(after(unpaused), {})).status.phase).toBe('Bypassed');
  });

  test('waits while a paused template without marks has not been given any', () => {
    expect(stepped(becomes(atStep(2), { templateHash: v3, paused: true })).status.ending).toBeUndefined();
  });

  test('made again for a template that was being promoted when it was deleted, it ends and starts no canary', () => {
    const marks = { release: 'web-2', phase: 'Promoting' };
    const again = { status: initialStatus(begin), facts: facts({ workload: movedOn({ marks }) }) };
    expect(stepped(again).status).toMatchObject({ ending: { outcome: 'Succeeded', reason: 'Promoted' } });
    expect(wishes(again)).not.toContain('ensure-canary');
  });

  test('says why it was skipped', () => {
    const skipped = becomes(atStep(2), { marks: { release: 'web-2', phase: 'Skipped' }, skip: 'INC-42' });
    expect(stepped(skipped).status.message).toBe('skipped: the template rolls natively (INC-42)');
  });
});

test('marks that an undo brings back after a success are taken off again', () => {
  const rolled = then(atPhase('Promoting'), { workload: aWorkload({ paused: false, complete: true }) });
  const settled = cleared(after(rolled));
  const over = after(becomes(after(settled), { complete: true }));
  expect(over.status.phase).toBe('Succeeded');
  expect(stepped(becomes(over, { marks: { release: 'web-2', phase: 'Promoting' } })).effects).toEqual([
    { do: 'settle' },
  ]);
  expect(stepped(over).effects).toEqual([]);
});

describe('in the middle of a promotion', () => {
  /** Unpaused for its promotion, and not rolled out yet. */
  const inPromotion = (change: Partial<WorkloadFacts> = {}): Moment => {
    const marks = { release: 'web-2', phase: 'Promoting' };
    const promoting = atPhase('Promoting', { workload: aWorkload(change) });
    return then(after(promoting), { workload: movedOn({ ...change, marks }) }, 5000);
  };
  const share = ({ facts: { route } }: Moment) => ({ do: 'route', split: route.observed });

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
  ])('the canary keeps its share until stable is at full size when %s', (_name, change, vanishes) => {
    const gone = becomes(inPromotion({ vanishes }), { vanishes, available: 0, ...change });
    expect(stepped(gone).effects).toEqual([share(gone)]);
    const kept = then(after(gone), {}, 20_000);
    expect(stepped(kept).effects).toEqual([share(gone)]);
    const stands = becomes(kept, { vanishes, ...change, available: 4, complete: true });
    expect(wishes(stands)).toEqual(['restore-routes']);
  });

  test.each([
    ['rolls: those pods are about to go', { paused: false }, ['route']],
    ['is held: they stay', { paused: true, marks: { release: 'web-3' } }, ['restore-routes']],
  ])('with Recreate, pods of the promoted template count when the next one %s', (_name, change, effects) => {
    const next = { vanishes: true, templateHash: v3, available: 4, ...change };
    expect(wishes(becomes(inPromotion({ vanishes: true }), next))).toEqual(effects);
  });

  test.each<[string, Partial<WorkloadFacts>]>([
    ['the stable one', { templateHash: v1 }],
    ['an older one that is known to be good', { templateHash: v3, knownGood: true }],
  ])('%s, back with a rolling update, takes the share at once', (_name, change) => {
    const back = becomes(inPromotion(), { available: 3, ...change });
    expect([stepped(back).status.ending?.outcome, wishes(back)]).toEqual(['Aborted', ['restore-routes']]);
  });

  const superseded = { templateHash: v3, paused: true, marks: { release: 'web-3' } };

  test('a stable that does not get to full size keeps the next release waiting no longer than its deadline', () => {
    const short = after(becomes(inPromotion(), { ...superseded, available: 3 }));
    expect(stepped(short).wakeAt).toBe(short.facts.now + 60_000);
    expect(wishes(then(short, {}, 59_999))).toEqual(['route']);
    expect(wishes(then(short, {}, 60_000))).toEqual(['restore-routes']);
  });

  test('but without a single pod of stable the canary goes on serving', () => {
    const none = after(becomes(inPromotion(), { ...superseded, available: 0 }));
    expect(wishes(then(none, {}, 600_000))).toEqual(['route']);
    const one = becomes(then(none, {}, 600_000), { ...superseded, available: 1 });
    expect(wishes(one)).toEqual(['restore-routes']);
  });

  test('a canary without a ready pod keeps nothing', () => {
    const unready = then(becomes(inPromotion(), { ...superseded, available: 3 }), {
      canary: { templateHash: v2, replicas: 4, ready: 0 },
      route: { ...pristine, observed: withWeight(50), pristine: false },
    });
    expect(wishes(unready)).toEqual(['restore-routes']);
  });

  test('opting out lets it finish', () => {
    const out = becomes(inPromotion(), { templateHash: v2, optedIn: false });
    expect(stepped(out).status.ending).toBeUndefined();
    const rolled = becomes(out, { templateHash: v2, optedIn: false, complete: true });
    expect(stepped(rolled).status.ending?.outcome).toBe('Succeeded');
  });
});
