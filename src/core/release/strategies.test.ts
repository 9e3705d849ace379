import { describe, expect, it } from '@jest/globals';
import type { PolicySpec } from '../../schema/policy.ts';
import { percent } from '../../values/percent.ts';
import type { Split } from '../../values/split.ts';
import {
  answersTo,
  aPolicy,
  atPhase,
  aWorkload,
  stepped,
  then,
  walk,
  type Moment,
  type Verdict,
} from '../../../test/support/release-facts.ts';
import { defaultsOfToday } from '../policy/resolve-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { resolveStrategy } from '../policy/resolve-strategy.ts';
import { wantedSplit } from './state.ts';

const policyOf = (spec: PolicySpec, change: Partial<Policy> = {}): Policy =>
  aPolicy({ strategy: resolveStrategy(spec, defaultsOfToday), ...change });

const atStage = (stage: string, policy: Policy): Moment => walk((status) => status.stage === stage, { policy });
const after = (moment: Moment): Moment => ({ status: stepped(moment).status, facts: moment.facts });
const stageOf = (moment: Moment): string | undefined => stepped(moment).status.stage;
/** The end of the next window, with this answer. */
const judged = (moment: Moment, verdict: Verdict, time = 10_000): Moment => {
  const due = then(moment, {}, time);
  return after(then(due, { answers: answersTo(stepped(due).questions, verdict) }));
};
const asked = (moment: Moment, verb: 'resume' | 'skip-step' | 'promote'): Moment =>
  after(then(moment, { requests: [{ id: verb, verb, by: 'ann' }] }));

/** Every split that is wanted on the way, each once in a row. */
const splitsOf = (policy: Policy): readonly Split[] => {
  const seen: string[] = [];
  atPhase('Promoting', {
    policy,
    seen: (status) => {
      const text = JSON.stringify(wantedSplit(status));
      if (seen.at(-1) !== text) seen.push(text);
    },
  });
  return seen.map((text) => JSON.parse(text) as Split);
};

const sizesAt = (stage: string, policy: Policy, replicas = 10): number | undefined => {
  const moment = then(atStage(stage, policy), { workload: aWorkload({ replicas }) });
  const made = stepped(moment).effects.find(({ do: what }) => what === 'ensure-canary');
  return made?.do === 'ensure-canary' ? made.replicas : undefined;
};

describe('a pause for a time', () => {
  const policy = policyOf({ steps: [{ setWeight: 20 }, { pause: { duration: '30s' } }] });

  it('is judged at the end of every interval, and is over after the round at its end', () => {
    let moment = atStage('analyse-2', policy);
    for (const stage of ['analyse-2', 'analyse-2', 'promote']) {
      moment = judged(moment, 'pass');
      expect(stageOf(moment)).toBe(stage);
    }
  });

  it('ends the release at once when too many rounds fail', () => {
    const failing = judged(judged(atStage('analyse-2', policy), 'fail'), 'fail');
    expect(failing.status.phase).toBe('Failing');
  });

  it('goes on after its time until a round passes', () => {
    let moment = atStage('analyse-2', policy);
    for (const verdict of ['pass', 'pass', 'hold'] as const) moment = judged(moment, verdict);
    expect([stageOf(moment), moment.status.waiting?.reason]).toEqual(['analyse-2', 'ChecksInconclusive']);
    expect(stageOf(judged(moment, 'pass'))).toBe('promote');
  });

  it('waits for its time where the policy has no checks', () => {
    const bare = atStage(
      'wait-2',
      policyOf({ steps: [{ setWeight: 20 }, { pause: { duration: 30 } }] }, { checks: [] }),
    );
    expect(stageOf(then(bare, {}, 29_000))).toBe('wait-2');
    expect(stageOf(then(bare, {}, 30_000))).toBe('promote');
  });
});

describe('a pause until a person goes on', () => {
  const policy = policyOf({ steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 40 }, { pause: {} }] });

  it('says what it waits for, and goes on by a request alone', () => {
    const waiting = after(then(atStage('analyse-2', policy), {}, 3_600_000));
    expect(waiting.status).toMatchObject({
      phase: 'Waiting',
      waiting: {
        reason: 'ApprovalRequired',
        message: 'waiting at 20 % until a person goes on: kubectl sluice resume web',
      },
    });
    const on = asked(waiting, 'resume');
    expect(on.status).toMatchObject({ phase: 'Waiting', stage: 'analyse-4', weight: 40 });
    expect(on.status.acknowledged).toMatchObject([{ verb: 'resume', accepted: true, by: 'ann' }]);
  });

  it('is judged meanwhile, and still waits after a round that passes', () => {
    const passed = judged(atStage('analyse-2', policy), 'pass');
    expect(passed.status).toMatchObject({
      phase: 'Waiting',
      stage: 'analyse-2',
      waiting: { reason: 'ApprovalRequired' },
    });
    expect(judged(judged(passed, 'fail'), 'fail').status.phase).toBe('Failing');
  });

  it('before the promotion is an approval, by resume as by promote', () => {
    const last = walk((status) => status.stage === 'analyse-4', { policy, resume: true });
    for (const verb of ['resume', 'promote'] as const)
      expect(asked(last, verb).status).toMatchObject({ phase: 'Promoting', approved: { by: 'ann' } });
  });

  it('in the middle is left for the promotion by promote', () =>
    expect(asked(atStage('analyse-2', policy), 'promote').status.phase).toBe('Promoting'));

  it('with requests that go nowhere: a release that does not wait, or has ended', () => {
    const running = atStage('analyse-1', aPolicy());
    expect(asked(running, 'resume').status.acknowledged).toMatchObject([
      { accepted: false, result: 'refused: only a release that is Waiting can go on, and this one is Progressing' },
    ]);
  });
});

it('a step that is skipped is left at once, and the next one begins', () => {
  const moment = atStage('analyse-1', aPolicy());
  expect(asked(moment, 'skip-step').status).toMatchObject({ stage: 'analyse-2', phase: 'Progressing', weight: 25 });
});

describe('the size of the canary', () => {
  it('is what a step asks for, and never less than its traffic needs', () => {
    const policy = policyOf({
      steps: [
        { setCanaryScale: { replicas: 3 } },
        { pause: {} },
        { setWeight: 20 },
        { pause: {} },
        { setWeight: 50 },
        { pause: {} },
      ],
    });
    const at = (stage: string): number | undefined => {
      const moment = walk((status) => status.stage === stage, { policy, resume: true });
      const ensured = stepped(then(moment, { workload: aWorkload({ replicas: 10 }) })).effects.find(
        (effect) => effect.do === 'ensure-canary',
      );
      return ensured?.do === 'ensure-canary' ? ensured.replicas : undefined;
    };
    expect([at('wait-2'), at('analyse-4'), at('analyse-6')]).toEqual([3, 3, 5]);
  });

  it('goes by the share of traffic that a step names, until one matches the weight again', () => {
    const policy = policyOf({
      steps: [
        { setCanaryScale: { weight: 80 } },
        { setWeight: 10 },
        { pause: { duration: 10 } },
        { setCanaryScale: { matchTrafficWeight: true } },
        { setWeight: 20 },
        { pause: { duration: 10 } },
      ],
    });
    expect([sizesAt('analyse-3', policy), sizesAt('analyse-6', policy)]).toEqual([8, 2]);
  });
});

it('the canary is sized for copies of requests as for requests', () => {
  const policy = policyOf({ weights: [10], mirror: true, mirrorWeight: 50 });
  expect([sizesAt('wait-mirror', policy), sizesAt('analyse-1', policy)]).toEqual([5, 1]);
});

describe('what is wanted of the routes', () => {
  const header = { name: 'debug', match: [{ headerName: 'trace', headerValue: { exact: 'debug' } }] };

  it('is the same value in every later step, until a step changes it', () => {
    const match = [{ headers: { trace: { exact: 'debug' } } }];
    const wait = [{ pause: { duration: 10 } }];
    const policy = policyOf({
      steps: [
        { setHeaderRoute: header },
        ...wait,
        { setWeight: 20 },
        ...wait,
        { setMirrorRoute: { name: 'copies', percentage: 30 } },
        ...wait,
        { setHeaderRoute: { name: 'debug' } },
        ...wait,
        { setMirrorRoute: { name: 'copies' } },
        ...wait,
        { setWeight: 40 },
        ...wait,
      ],
    });
    expect(splitsOf(policy).filter((split) => JSON.stringify(split) !== '{"weight":0}')).toEqual([
      { weight: 0, match },
      { weight: 20, match },
      { weight: 20, match, mirror: 30 },
      { weight: 20, mirror: 30 },
      { weight: 20 },
      { weight: 40 },
    ]);
  });

  it('of A/B is the match alone, for as many rounds as it says', () => {
    const match = [{ headers: { 'x-canary': { exact: '1' } } }];
    const policy = policyOf({ iterations: 3, match });
    let moment = atStage('analyse-1', policy);
    expect(wantedSplit(moment.status)).toEqual({ weight: 0, match });
    for (const verdict of ['pass', 'fail', 'pass', 'pass'] as const) {
      expect(stageOf(moment)).toBe('analyse-1');
      moment = judged(moment, verdict);
    }
    expect(stageOf(moment)).toBe('promote');
  });

  it('of blue/green is everything, once its pods are all there', () => {
    const policy = policyOf({ blueGreen: { autoPromotionEnabled: false, scaleDownDelaySeconds: 20 } });
    const waiting = atPhase('Waiting', { policy });
    expect([waiting.status.weight, sizesAt('wait-preview', policy)]).toEqual([0, 10]);
    const switched = asked(waiting, 'resume');
    expect(switched.status).toMatchObject({ stage: 'analyse-active', weight: 100 });
    let held = after(
      then(switched, { route: { ...waiting.facts.route, observed: { weight: percent(100) }, pristine: false } }),
    );
    for (const stage of ['analyse-active', 'promote']) {
      held = judged(held, 'pass');
      expect(stageOf(held)).toBe(stage);
    }
  });

  it('of copies before the first weight is no share of the traffic', () => {
    const policy = policyOf({ weights: [10], mirror: true, mirrorWeight: 50 });
    expect(splitsOf(policy)).toContainEqual({ weight: 0, mirror: 50 });
  });
});
