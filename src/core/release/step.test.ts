import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { percent } from '../../values/percent.ts';
import { mostRequests } from '../requests/release-requests.ts';
import { canarySize } from './size.ts';
import { step } from './step.ts';
import { aPolicy, v1, v2, v3, World } from '../../../test/support/release-world.ts';

const at = (phase: string) => (w: World) => w.status.phase === phase;

describe('a good release', () => {
  test('climbs through its weights, promotes and leaves nothing behind', () => {
    const w = new World().run();
    expect(w.status.phase).toBe('Succeeded');
    expect(w.weights).toEqual([5, 25, 50]);
    expect({ canary: w.canary, observed: w.share, marks: w.workload.marks, paused: w.workload.paused }).toEqual({
      canary: undefined,
      observed: 'unknown',
      marks: undefined,
      paused: false,
    });
    expect(w.losses).toEqual([]);
  });

  test('gives the proxies time to know the canary, then one interval to each step', () => {
    const w = new World().run(300, at('Promoting'));
    expect(w.now - Date.parse('2026-01-01T00:00:00Z')).toBeLessThanOrEqual(37_000);
    expect(w.now - Date.parse('2026-01-01T00:00:00Z')).toBeGreaterThanOrEqual(33_000);
  });

  test('removes the canary only after the propagation delay', () => {
    const w = new World().run(300, (x) => x.status.ending !== undefined);
    const decided = w.now;
    w.run(300, (x) => x.canary === undefined);
    expect(w.now - decided).toBeGreaterThanOrEqual(w.policy.propagationDelay);
  });

  test('routes nothing before the proxies have had time to know the canary', () => {
    const w = new World().run(300, (x) => x.weights.length > 0);
    const ready = Date.parse('2026-01-01T00:00:00Z') + 1000;
    expect(w.now - ready).toBeGreaterThanOrEqual(w.policy.propagationDelay);
  });

  test('routes nothing to the canary before a pod of it is ready', () => {
    const w = new World();
    w.podsBecomeReady = false;
    w.run(20);
    expect(w.status.phase).toBe('Preparing');
    expect(w.weights).toEqual([]);
  });

  test('waits for approval where it is required, and promotes when a person says so', () => {
    const w = new World(aPolicy({ approval: 'required' })).run(100);
    expect(w.status.phase).toBe('Waiting');
    w.request = { id: '1', verb: 'promote', by: 'ann' };
    w.run();
    expect(w.status.phase).toBe('Succeeded');
    expect(w.status.approved?.by).toBe('ann');
  });

  test('with strategy Recreate the canary takes everything before stable rolls', () => {
    const w = new World();
    w.workload.recreate = true;
    w.run(300, (x) => x.done.some((e) => e.do === 'promote'));
    expect(w.share).toBe(100);
    expect(w.canary?.replicas).toBe(4);
    expect(w.canary?.ready).toBe(4);
  });

  test('follows a workload that is scaled in the middle', () => {
    const w = new World(aPolicy({ weights: [50].map(percent) })).run(100, (x) => x.status.step === 1);
    expect(w.canary?.replicas).toBe(2);
    w.workload.replicas = 6;
    w.reconcile();
    expect(w.canary?.replicas).toBe(3);
  });
});

describe('a bad release', () => {
  test('fails at the first weight when its checks fail as often as the threshold says', () => {
    const w = new World();
    w.verdict = 'fail';
    w.run();
    expect(w.status).toMatchObject({
      phase: 'Failed',
      analyses: [{ failures: 2 }],
      ending: { reason: 'ChecksFailed' },
    });
    expect(w.status.failedChecks).toHaveLength(2);
    expect(w.weights).toEqual([5]);
    expect(w.workload).toMatchObject({ paused: true, timedOut: true, marks: { phase: 'Failed' } });
    expect(w.canary).toBeUndefined();
  });

  test('puts the stable template back when the policy says revert', () => {
    const w = new World(aPolicy({ onFailure: 'revert' }));
    w.verdict = 'fail';
    w.run();
    expect(w.status.phase).toBe('Failed');
    expect(w.workload).toMatchObject({ templateHash: v1, paused: false });
  });

  test('holds while there is no data, and goes on when there is', () => {
    const w = new World();
    w.verdict = 'hold';
    w.run(60);
    expect(w.status).toMatchObject({ phase: 'Progressing', step: 1, analyses: [{ failures: 0 }] });
    expect(w.status.message).toContain('holding at 5 %');
    w.verdict = 'pass';
    expect(w.run().status.phase).toBe('Succeeded');
  });

  test('a canary that never becomes ready fails with the reason of its containers', () => {
    const w = new World();
    w.podsBecomeReady = false;
    w.run();
    expect(w.status).toMatchObject({
      phase: 'Failed',
      ending: { reason: 'CanaryNotReady' },
      pods: [{ reason: 'CrashLoopBackOff' }],
    });
    expect(w.status.message).toContain('CrashLoopBackOff (exit code 1)');
  });

  test('pods that are not even created are told of at once, and forgotten when they are', () => {
    const w = new World();
    w.podsBecomeReady = false;
    w.podsRefused = 'pods are forbidden: exceeded quota';
    w.run(20);
    expect(w.status).toMatchObject({
      phase: 'Preparing',
      message: 'no pod for the canary, and tried again: pods are forbidden: exceeded quota',
    });
    w.podsRefused = undefined;
    w.podsBecomeReady = true;
    expect(w.run().status.phase).toBe('Succeeded');
  });

  test('the same in the middle of a step, whose message it does not outlive', () => {
    const w = new World(aPolicy({ weights: [50].map(percent) })).run(100, (x) => x.status.step === 1);
    w.workload.replicas = 8;
    w.podsBecomeReady = false;
    w.podsRefused = 'exceeded quota';
    w.run(3);
    expect(w.status.message).toContain('exceeded quota');
    w.podsRefused = undefined;
    w.podsBecomeReady = true;
    w.run(2);
    expect(w.status.message).not.toContain('exceeded quota');
  });

  test('a canary that may not be created fails at the deadline in the words of the API server', () => {
    const w = new World();
    w.refused = 'create Deployment web-canary: exceeded quota: one';
    w.run(100, at('Failing'));
    expect(w.status).toMatchObject({ ending: { reason: 'CanaryNotReady' } });
    expect(w.status.message).toContain('refused by the API server: create Deployment web-canary: exceeded quota: one');
  });

  test('what keeps it from starting is said at once, and is a failure at the deadline', () => {
    const w = new World();
    w.preflight = [{ field: 'Service', rule: 'no Service selects the pods', todo: 'Create one.' }];
    w.reconcile();
    expect(w.status).toMatchObject({
      phase: 'Pending',
      message: 'cannot start: Service: no Service selects the pods. Create one.',
    });
    expect(w.run().status.ending?.reason).toBe('CannotStart');
  });

  test('a retry marks the workload for the next attempt', () => {
    const w = new World();
    w.verdict = 'fail';
    w.run();
    w.request = { id: '7', verb: 'retry' };
    w.reconcile();
    expect(w.status.acknowledged).toMatchObject([{ id: '7', result: 'accepted' }]);
    expect(w.workload.marks).toEqual({ release: 'web-2-retry2' });
  });
});

describe('requests of people', () => {
  test('are all answered at once, the oldest first, and each for itself', () => {
    const w = new World().run(100, (x) => x.status.step === 2);
    const ids = Array.from({ length: mostRequests }, (_, i) => `r${i}`);
    const requests = ids.map((id, i) => ({ id, verb: i === 3 ? 'abort' : 'retry' }) as const);
    const { status } = step(w.status, w.facts({ requests }));
    expect(status.acknowledged?.map(({ id }) => id)).toEqual(ids);
    expect(status.acknowledged?.filter(({ accepted }) => accepted)).toMatchObject([{ id: 'r3', verb: 'abort' }]);
    expect(step(status, w.facts({ requests })).status.acknowledged).toEqual(status.acknowledged);
  });
});

describe('interference', () => {
  test('an abort takes the traffic off the canary before anything that could be refused', () => {
    const w = new World().run(100, (x) => x.status.step === 2);
    w.request = { id: '1', verb: 'abort' };
    const wishes = w.reconcile().map((effect) => effect.do);
    expect(wishes).toEqual(['restore-routes', 'put-back']);
    // The workload stays as it is: the write that puts its template back has been refused.
    Object.assign(w.workload, { templateHash: v2, marks: { release: 'web-2' }, paused: true });
    w.pass(w.policy.propagationDelay);
    w.reconcile();
    Object.assign(w.workload, { templateHash: v2, marks: { release: 'web-2' }, paused: true });
    w.pass(w.policy.propagationDelay);
    expect(w.reconcile().map((effect) => effect.do)).toEqual(['restore-routes', 'remove-canary', 'put-back']);
  });

  test('a route that somebody resets is put back, and the step starts over', () => {
    const w = new World().run(100, (x) => x.status.step === 2 && x.share === 25);
    w.pass(5000);
    w.share = 0;
    w.reconcile();
    expect(w.share).toBe(25);
    expect(w.status.splitInPlaceAt).toBe(new Date(w.now).toISOString());
  });

  test('when all canary pods are gone nothing is routed to them', () => {
    const w = new World().run(100, (x) => x.status.step === 2 && x.share === 25);
    w.podsBecomeReady = false;
    if (w.canary) w.canary.ready = 0;
    w.reconcile();
    expect(w.share).toBe(0);
    w.podsBecomeReady = true;
    expect(w.run().status.phase).toBe('Succeeded');
  });

  test('a newer template supersedes it', () => {
    const w = new World().run(100, (x) => x.status.step === 2);
    Object.assign(w.workload, { templateHash: v3, marks: { release: 'web-3' } });
    w.run();
    expect(w.status).toMatchObject({ phase: 'Superseded', message: 'superseded by release web-3' });
    expect(w.workload).toMatchObject({ templateHash: v3, marks: { release: 'web-3' }, paused: true });
  });

  test('superseded in the middle of a promotion, the canary stays until stable is at full size', () => {
    const w = new World();
    w.stableRolls = false;
    w.run(100, (x) => !x.workload.paused);
    Object.assign(w.workload, { templateHash: v3, marks: { release: 'web-3' }, paused: true, available: 3 });
    w.run(20);
    expect(w.share).toBe(50);
    w.workload.available = 4;
    expect(w.run().status.phase).toBe('Superseded');
    expect(w.canary).toBeUndefined();
  });

  test('a skip ends it as Skipped and takes the marks off', () => {
    const w = new World().run(100, (x) => x.status.step === 2);
    Object.assign(w.workload, { marks: { release: 'web-2', phase: 'Skipped' }, paused: false, skip: 'INC-42' });
    w.run();
    expect(w.status).toMatchObject({ phase: 'Skipped', message: 'skipped: the template rolls natively (INC-42)' });
    expect(w.workload.marks).toBeUndefined();
  });

  test('a pause by the user after promotion is the user’s', () => {
    const w = new World();
    w.stableRolls = false;
    w.run(100, (x) => x.workload.marks?.phase === 'Promoting');
    w.workload.paused = true;
    w.run(5);
    expect(w.workload.paused).toBe(true);
    expect(w.status.message).toContain('kubectl rollout resume');
    w.workload.paused = false;
    w.run(5);
    expect(w.status.message).toBe('promoting: the workload rolls to the new template');
  });

  test('requests that make no sense are refused with the reason, once', () => {
    const w = new World();
    w.request = { id: '1', verb: 'retry' };
    w.reconcile();
    expect(w.status.acknowledged?.[0]?.result).toBe(
      'refused: only a Failed release can be retried, and this one is Pending',
    );
    const { acknowledged } = w.status;
    w.pass(1000);
    w.reconcile();
    expect(w.status.acknowledged).toEqual(acknowledged);
  });
});

describe('properties', () => {
  const abortable = ['Pending', 'Preparing', 'Progressing', 'Waiting'] as const;

  test.each(abortable)('going back to the old template wins in %s', (phase) => {
    const w = new World(aPolicy({ approval: 'required' })).run(100, at(phase));
    expect(w.status.phase).toBe(phase);
    Object.assign(w.workload, { templateHash: v1, paused: false });
    delete (w.workload as { marks?: unknown }).marks;
    w.run();
    expect(w.status).toMatchObject({ phase: 'Aborted', weight: 0 });
    expect({ canary: w.canary, observed: w.share, losses: w.losses }).toEqual({
      canary: undefined,
      observed: 'unknown',
      losses: [],
    });
  });

  test('killed after any write at any time, it ends the same way and no request meets a missing backend', () => {
    const crashes = fc.array(fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 1 }), { maxLength: 60 });
    fc.assert(
      fc.property(crashes, fc.constantFrom('pass' as const, 'fail' as const), (kills, verdict) => {
        const w = new World();
        w.verdict = verdict;
        for (const kill of kills) {
          w.reconcile(kill ?? Number.POSITIVE_INFINITY);
          w.pass(1000);
        }
        w.run();
        expect(w.status.phase).toBe(verdict === 'pass' ? 'Succeeded' : 'Failed');
        expect(w.canary).toBeUndefined();
        expect(w.share).toBe('unknown');
        expect(w.losses).toEqual([]);
      }),
    );
  });

  test('nothing happens after the end', () => {
    const w = new World().run();
    const before = w.status;
    expect(w.reconcile()).toEqual([]);
    expect(w.status).toEqual(before);
  });

  test('looking again without a new fact changes nothing', () => {
    const w = new World().run(100, (x) => x.status.step === 2 && x.share === 25);
    w.reconcile();
    const before = w.status;
    w.reconcile();
    expect(w.status).toEqual(before);
  });
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
