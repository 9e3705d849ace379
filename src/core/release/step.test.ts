import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { noSplit } from '../../values/split.ts';
import {
  answersTo,
  aPolicy,
  byWeights,
  atPhase,
  atStep,
  aWorkload,
  begin,
  facts,
  fulfilled,
  movedOn,
  pristine,
  stepped,
  then,
  v1,
  v2,
  v3,
  walk,
  withWeight,
  type Moment,
  type Verdict,
} from '../../../test/support/release-facts.ts';
import type { Effect } from './effects.ts';
import type { Facts, PodTrouble } from './facts.ts';
import { mostRequests } from '../requests/release-requests.ts';
import { canarySize } from './size.ts';
import { initialStatus, step } from './step.ts';

const wishes = (moment: Moment): readonly string[] => stepped(moment).effects.map((effect) => effect.do);
const routed = (moment: Moment): Effect | undefined => stepped(moment).effects.find((effect) => effect.do === 'route');
/** The end of the interval, with this answer. */
const judged = (moment: Moment, verdict: Verdict): Moment => {
  const due = then(moment, {}, 10_000);
  return then(due, { answers: answersTo(stepped(due).questions, verdict) });
};
const after = (moment: Moment): Moment => ({ status: stepped(moment).status, facts: moment.facts });
/** Nobody can say whether its canary still gets requests. */
const unmeasured = (moment: Moment): Moment => then(moment, { answers: answersTo(stepped(moment).questions, 'hold') });

describe('a good release', () => {
  test('climbs through its weights, with one interval for each', () => {
    const weights: number[] = [];
    const promoting = atPhase('Promoting', { seen: ({ weight = 0 }) => weights.push(weight) });
    expect([...new Set(weights)]).toEqual([0, 5, 25, 50]);
    // Three intervals, and the time in which the proxies get to know the canary.
    expect(promoting.facts.now - begin).toBeGreaterThanOrEqual(33_000);
    expect(promoting.facts.now - begin).toBeLessThanOrEqual(37_000);
  });

  test('routes nothing before its pods are ready, nor before the proxies know them', () => {
    const unready = then(atPhase('Preparing'), { canary: { templateHash: v2, replicas: 1, ready: 0 } });
    expect(wishes(unready)).toEqual(['ensure-canary']);
    const ready = after(atPhase('Preparing'));
    expect([wishes(ready), stepped(ready).wakeAt]).toEqual([['ensure-canary'], ready.facts.now + 3000]);
    expect(routed(then(ready, {}, 3000))).toEqual({ do: 'route', split: withWeight(5) });
  });

  test('F1: pods that alone can answer are routed to before more of them are made', () => {
    const cutOff = { ready: 4, cutOff: 'Service web selects track=green, which the pods do not carry' };
    const beginning = then(atPhase('Preparing'), { stable: cutOff });
    const { canary: _, ...bare } = beginning.facts;
    expect(wishes({ ...beginning, facts: bare })).toEqual(['ensure-canary', 'route']);
    const made = { canary: { templateHash: v2, replicas: 1, ready: 0 } };
    expect(stepped(then(beginning, made)).effects).toEqual([
      { do: 'route', split: withWeight(100) },
      { do: 'ensure-canary', replicas: 4 },
    ]);
  });

  test('waits for an approval where it is required, and says who gave it', () => {
    const waiting = atPhase('Waiting', { policy: aPolicy({ approval: 'required' }) });
    expect(stepped(then(waiting, {}, 3_600_000)).status.phase).toBe('Waiting');
    const approved = stepped(then(waiting, { requests: [{ id: '1', verb: 'promote', by: 'ann' }] }));
    expect(approved.status).toMatchObject({ phase: 'Promoting', approved: { by: 'ann' } });
  });

  test('with strategy Recreate gives everything to the canary before stable rolls', () => {
    const promoting = atPhase('Promoting', { workload: aWorkload({ vanishes: true }) });
    const { effects, wakeAt } = stepped(promoting);
    expect([effects, wakeAt]).toEqual([
      [
        { do: 'ensure-canary', replicas: 4 },
        { do: 'route', split: withWeight(100) },
      ],
      promoting.facts.now + 3000,
    ]);
    expect(wishes(then(promoting, {}, 3000))).toEqual(['ensure-canary', 'route', 'promote']);
  });

  test.each([
    ['route', [2, 3, 3, 3]],
    ['replicas', [4, 6, 1, 5]],
  ] as const)('F5: a canary behind a %s follows a workload that grows', (splits, wanted) => {
    let half: Moment = atStep(1, { policy: aPolicy({ strategy: byWeights(50) }) });
    const route = { ...half.facts.route, splits };
    const sizes = [4, 6, 1, 5].map((replicas) => {
      half = after(then(half, { route, workload: aWorkload({ replicas }) }));
      return stepped(half).effects[0];
    });
    expect(sizes).toEqual(wanted.map((replicas) => ({ do: 'ensure-canary', replicas })));
  });

  test('is over when the roll is, and takes its marks off once its canary is gone', () => {
    const rolled = then(atPhase('Promoting'), { workload: aWorkload({ paused: false, complete: true }) });
    expect([wishes(rolled), stepped(rolled).status.ending?.reason]).toEqual([['restore-routes'], 'Promoted']);
    const back = then(after(rolled), { route: pristine });
    expect([wishes(back), stepped(back).wakeAt]).toEqual([['restore-routes'], back.facts.now + 3000]);
    const due = unmeasured(then(back, {}, 3000));
    expect(wishes(due)).toEqual(['restore-routes', 'remove-canary']);
    const { canary: _, ...gone } = then(due, { canaryGone: true }).facts;
    expect(wishes({ ...due, facts: gone })).toEqual(['restore-routes', 'remove-canary', 'settle']);
    const { marks: _m, ...settled } = gone.workload;
    const over = stepped({ ...due, facts: { ...gone, workload: settled } });
    expect([over.status.phase, over.effects]).toEqual(['Succeeded', []]);
  });
});

describe('a bad release', () => {
  test('fails at the first weight when its checks fail as often as the threshold says', () => {
    const once = stepped(judged(atStep(1), 'fail'));
    expect(once.status).toMatchObject({ phase: 'Progressing', step: 1, analyses: [{ failures: 1 }] });
    const twice = stepped(judged({ status: once.status, facts: once.facts }, 'fail'));
    expect(twice.status).toMatchObject({
      phase: 'Failing',
      analyses: [{ failures: 2 }],
      ending: { outcome: 'Failed', reason: 'ChecksFailed' },
    });
    expect(twice.status.failedChecks).toHaveLength(2);
  });

  test.each([
    ['is held', 'hold', 'mark-failed'],
    ['gives way to the stable one where the policy says revert', 'revert', 'put-back'],
  ] as const)('whose canary is gone %s', (_what, onFailure, effect) => {
    const policy = aPolicy({ onFailure });
    const failed = atPhase('Failing', { policy, verdict: 'fail' });
    const { canary: _, ...rest } = failed.facts;
    const gone = {
      status: failed.status,
      facts: { ...rest, now: rest.now + 60_000, route: pristine, canaryGone: true },
    };
    expect(wishes(gone).at(-1)).toBe(effect);
  });

  test('holds while there is no data, and goes on when there is', () => {
    const held = stepped(judged(atStep(1), 'hold'));
    expect(held.status).toMatchObject({ phase: 'Progressing', step: 1, analyses: [{ failures: 0 }] });
    expect(held.status.message).toContain('holding at 5 %');
    expect(stepped(judged({ status: held.status, facts: held.facts }, 'pass')).status.step).toBe(2);
  });

  const unready = { templateHash: v2, replicas: 1, ready: 0 };
  const shortOfPods = (change: Partial<Facts> = {}): Moment =>
    after(then(atPhase('Preparing'), { canary: unready, ...change }));

  test('that never becomes ready fails at the deadline with the reason of its containers', () => {
    const due = then(shortOfPods(), {}, 60_000);
    const pods = [
      { name: 'web-canary-1', trouble: 'CrashLoopBackOff', reason: 'CrashLoopBackOff', message: 'exit code 1' },
    ] as const;
    const { status } = stepped(then(due, { pods }));
    expect(status).toMatchObject({ phase: 'Failing', ending: { reason: 'CanaryNotReady' }, pods });
    expect(status.message).toContain('CrashLoopBackOff (exit code 1)');
  });

  const pod = (trouble: PodTrouble['trouble'], message: string, name = 'web-canary-1'): PodTrouble => ({
    name,
    trouble,
    reason: trouble,
    message,
  });

  test.each([
    pod('ImagePullBackOff', 'not found'),
    pod('Unschedulable', '0/3 nodes are available'),
    pod('CreateContainerConfigError', 'configmap "shop" not found'),
    pod('InitContainerFailed', 'init container "migrate": exit code 3'),
    pod('CrashLoopBackOff', 'exit code 1: no database'),
  ])('F15: says at once what its pods wait for: $trouble', (trouble) => {
    const { status } = stepped(shortOfPods({ pods: [trouble] }));
    const message = `0 of 1 canary pods ready: ${trouble.trouble} (${trouble.message ?? ''})`;
    expect(status).toMatchObject({
      phase: 'Preparing',
      message,
      waiting: { reason: trouble.trouble, message },
      pods: [trouble],
    });
    const ready = { status, facts: fulfilled(status, { now: begin + 9000 }) };
    expect(stepped(ready).status).toMatchObject({ message: 'starting the canary' });
    expect(stepped(ready).status).not.toHaveProperty('pods');
  });

  test.each([
    pod('ReadinessProbeFailing', 'the readiness probe does not pass'),
    pod('ReadinessGateNotMet', 'readiness gate "warm" is not met'),
    pod('InitContainerRunning', 'init container "migrate": is not done yet'),
    pod('PodStarting', 'not started yet'),
  ])('F15: says after 5 s what every pod waits for at first: $trouble', (trouble) => {
    const short = shortOfPods({ pods: [trouble] });
    const young = stepped(short);
    expect([young.status.message, young.status.pods]).toEqual(['starting the canary', undefined]);
    expect(young.wakeAt).toBe(short.facts.now + 5000);
    const late = stepped(then(short, {}, 5000));
    expect(late.status.waiting).toMatchObject({ reason: trouble.trouble });
    expect(late.wakeAt).toBe(short.facts.now + 60_000);
  });

  test('F15: names each different reason once, the worst first', () => {
    const pods = [
      pod('CrashLoopBackOff', 'exit code 1', 'web-canary-1'),
      pod('CrashLoopBackOff', 'exit code 1', 'web-canary-2'),
      pod('ImagePullBackOff', 'not found', 'web-canary-3'),
    ];
    expect(stepped(shortOfPods({ pods })).status.message).toBe(
      '0 of 1 canary pods ready: ImagePullBackOff (not found); CrashLoopBackOff (exit code 1)',
    );
  });

  test('F15: keeps the first words about an image, which say more than those between two attempts', () => {
    const first = stepped(shortOfPods({ pods: [pod('ImagePullBackOff', 'registry.example/none:2: not found')] }));
    const pods = [pod('ImagePullBackOff', 'Back-off pulling image')];
    expect(stepped(then(first, { pods }, 2000)).status.message).toContain('registry.example/none:2: not found');
  });

  test('F8: tells how many pods serve where a quota leaves no room for the rest', () => {
    const canary = { templateHash: v2, replicas: 3, ready: 2, refused: 'exceeded quota' };
    const short = then(atPhase('Preparing', { workload: aWorkload({ replicas: 60 }) }), { canary });
    expect(stepped(short).status.message).toBe(
      '2 of 3 canary pods ready; no further pod can be made, and it is tried again: exceeded quota',
    );
  });

  test('that may not be created fails at the deadline in the words of the API server', () => {
    const due = then(shortOfPods(), { refused: 'create Deployment web-canary: exceeded quota: one' }, 60_000);
    expect(stepped(due).status.message).toContain(
      'refused by the API server: create Deployment web-canary: exceeded quota: one',
    );
  });

  test.each([
    ['while it starts', () => shortOfPods()],
    ['at a step', () => after(then(atStep(1), { canary: { ...unready, replicas: 2, ready: 0 } }))],
  ])('tells at once of pods that are not even created %s, and no longer when they are', (_when, moment) => {
    const refused = then(moment(), { canary: { ...unready, refused: 'exceeded quota' } });
    const { status } = stepped(refused);
    expect(status.message).toBe('no pod for the canary, and tried again: exceeded quota');
    const mended = { status, facts: fulfilled(status, { now: refused.facts.now + 1000 }) };
    expect(stepped(mended).status.message).not.toContain('exceeded quota');
  });

  test('says at once what keeps it from starting, and fails at the deadline', () => {
    const preflight = [{ field: 'Service', rule: 'no Service selects the pods', todo: 'Create one.' }];
    const blocked = stepped({ status: initialStatus(begin), facts: facts({ preflight }) });
    expect(blocked.status).toMatchObject({
      phase: 'Pending',
      message:
        'cannot start: Service: no Service selects the pods. Create one. Once that is done, the release starts by itself.',
    });
    expect(stepped(then(blocked, {}, 59_999)).status.phase).toBe('Pending');
    expect(stepped(then(blocked, {}, 60_000)).status.ending?.reason).toBe('CannotStart');
  });

  const held = (): Moment => {
    const { status, facts: known } = atPhase('Failing', { verdict: 'fail' });
    const { canary: _, ...rest } = known;
    const workload = aWorkload({ marks: { release: 'web-2', phase: 'Failed' }, timedOut: true });
    const now = known.now + 60_000;
    return after({ status, facts: { ...rest, now, workload, route: pristine, canaryGone: true } });
  };

  test('that is held is marked for the next attempt when a person asks for it', () => {
    expect(held().status.phase).toBe('Failed');
    const retried = stepped(then(held(), { requests: [{ id: '7', verb: 'retry' }] }));
    expect(retried.status.acknowledged).toMatchObject([{ id: '7', result: 'accepted' }]);
    expect(retried.effects).toEqual([{ do: 'mark-retry' }]);
  });
});

describe('requests of people', () => {
  test('are all answered at once, the oldest first, and each for itself', () => {
    const ids = Array.from({ length: mostRequests }, (_, i) => `r${i}`);
    const requests = ids.map((id, i) => ({ id, verb: i === 3 ? 'abort' : 'retry' }) as const);
    const asked = stepped(then(atStep(2), { requests }));
    expect(asked.status.acknowledged?.map(({ id }) => id)).toEqual(ids);
    expect(asked.status.acknowledged?.filter(({ accepted }) => accepted)).toMatchObject([{ id: 'r3', verb: 'abort' }]);
    expect(stepped(asked).status.acknowledged).toEqual(asked.status.acknowledged);
  });
});

describe('interference', () => {
  test('an abort takes the traffic off the canary before anything that could be refused', () => {
    const aborted = then(atStep(2), { requests: [{ id: '1', verb: 'abort' }] });
    expect(wishes(aborted)).toEqual(['restore-routes', 'put-back']);
    // The write that puts the template back has been refused.
    const due = unmeasured(then(after(aborted), { route: pristine }, 3000));
    expect(wishes(due)).toEqual(['restore-routes', 'remove-canary', 'put-back']);
  });

  test('a route that somebody resets is put back, and the step starts over', () => {
    const reset = then(atStep(2), { route: { ...pristine, observed: noSplit } }, 5000);
    expect(routed(reset)).toEqual({ do: 'route', split: withWeight(25) });
    expect(stepped(reset).status.splitInPlaceAt).toBe(new Date(reset.facts.now).toISOString());
  });

  test('when all canary pods are gone nothing is routed to them', () => {
    const gone = then(atStep(2), { canary: { templateHash: v2, replicas: 1, ready: 0 } });
    expect(routed(gone)).toEqual({ do: 'route', split: noSplit });
  });

  test('a pause by the user after promotion is the user’s', () => {
    const promoting = atPhase('Promoting');
    const marks = { release: 'web-2', phase: 'Promoting' };
    const paused = then(promoting, { workload: aWorkload({ marks, paused: true }) });
    expect(wishes(paused)).not.toContain('promote');
    expect(stepped(paused).status.message).toContain('kubectl rollout resume');
    const resumed = then(after(paused), { workload: aWorkload({ marks, paused: false }) });
    expect(stepped(resumed).status.message).toBe('promoting: the workload rolls to the new template');
  });

  test('requests that make no sense are refused with the reason, once', () => {
    const asked = { status: initialStatus(begin), facts: facts({ requests: [{ id: '1', verb: 'retry' }] }) };
    const refused = stepped(asked);
    expect(refused.status.acknowledged?.[0]?.result).toBe(
      'refused: only a Failed or Aborted release can be retried, and this one is Pending',
    );
    expect(stepped(then(refused, {}, 1000)).status.acknowledged).toEqual(refused.status.acknowledged);
  });
});

describe('whatever the facts are, at whatever moment', () => {
  const moments = [
    { status: initialStatus(begin), facts: facts() },
    atPhase('Preparing'),
    atStep(1),
    atStep(3),
    atPhase('Waiting', { policy: aPolicy({ approval: 'required' }) }),
    atPhase('Promoting'),
    atPhase('Failing', { verdict: 'fail' }),
  ];
  const workload = fc.record({
    templateHash: fc.constantFrom(v1, v2, v3),
    optedIn: fc.boolean(),
    knownGood: fc.boolean(),
    vanishes: fc.boolean(),
    paused: fc.boolean(),
    complete: fc.boolean(),
    timedOut: fc.boolean(),
    available: fc.constantFrom(0, 3, 4),
  });
  const marks = fc.constantFrom(
    undefined,
    { release: 'web-2' },
    { release: 'web-3' },
    { release: 'web-2', phase: 'Skipped' },
    { release: 'web-2', phase: 'UserPaused' },
    { release: 'web-2', phase: 'Promoting' },
  );
  const around = fc.record({
    ready: fc.constantFrom(0, 1, 4),
    weight: fc.constantFrom(undefined, 0, 25, 100),
    canaryGone: fc.boolean(),
    ahead: fc.constantFrom(undefined, 'web-1'),
    requests: fc.constantFrom([], [{ id: '1', verb: 'abort' as const }], [{ id: '2', verb: 'promote' as const }]),
    later: fc.constantFrom(0, 1000, 10_000, 120_000),
  });
  const change = fc.record({ moment: fc.constantFrom(...moments), workload, marks, around });

  type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
  const changed = ({ moment, workload: given, marks: found, around: place }: Change): Moment => {
    const { ready, weight, canaryGone, ahead, requests, later } = place;
    const route = weight === undefined ? pristine : { ...pristine, observed: withWeight(weight), pristine: false };
    const { canary: _, ...rest } = moment.facts;
    return {
      status: moment.status,
      facts: {
        ...rest,
        now: rest.now + later,
        workload: movedOn({ ...given, ...(found === undefined ? {} : { marks: found }) }),
        route,
        canaryGone,
        requests,
        ...(canaryGone ? {} : { canary: { templateHash: v2, replicas: 4, ready } }),
        ...(ahead === undefined ? {} : { ahead }),
      },
    };
  };

  test('there is a next status, and looking again without a new fact changes nothing', () => {
    fc.assert(
      fc.property(change, (given) => {
        const next = stepped(changed(given));
        const again = step(next.status, next.facts);
        expect(again.status).toEqual(next.status);
      }),
      { numRuns: 500 },
    );
  });

  test('the canary is never removed while a route leads to it, nor routed to without a ready pod', () => {
    fc.assert(
      fc.property(change, (given) => {
        const { facts: known } = changed(given);
        const { effects } = stepped(changed(given));
        const routes = effects.find((effect) => effect.do === 'route');
        const isRouted = known.route.observed !== 'unknown' && known.route.observed.weight > 0;
        expect(isRouted && effects.some((effect) => effect.do === 'remove-canary')).toBe(false);
        expect((known.canary?.ready ?? 0) === 0 && (routes?.split.weight ?? 0) > 0).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

test('nothing happens after the end', () => {
  const aborted = {
    status: atStep(2).status,
    facts: facts({ now: begin + 60_000, workload: movedOn({ templateHash: v1 }) }),
  };
  const withdrawing = after(aborted);
  const over = after(then(withdrawing, {}, 60_000));
  expect(over.status.phase).toBe('Aborted');
  const { effects, status } = stepped(then(over, {}, 60_000));
  expect([effects, status]).toEqual([[], over.status]);
});

test('a walk through a whole release meets every phase on its way', () => {
  const phases: string[] = [];
  walk(({ phase }) => phase === 'Promoting', { seen: ({ phase }) => phases.push(phase) });
  expect([...new Set(phases)]).toEqual(['Preparing', 'Progressing', 'Promoting']);
});

describe('the size of the canary', () => {
  test.each([
    [10, 5, 'route', 1],
    [10, 25, 'route', 3],
    [3, 50, 'route', 2],
    [4, 100, 'route', 4],
    [0, 50, 'route', 1],
    [9, 10, 'replicas', 1],
    [5, 23, 'replicas', 2],
    [3, 50, 'replicas', 3],
    [3, 5, 'replicas', 1],
    [4, 100, 'replicas', 4],
  ] as const)('%i stable pods at %i %% behind %s: %i', (stable, weight, splits, pods) => {
    expect(canarySize(stable, weight, splits)).toBe(pods);
  });
});
