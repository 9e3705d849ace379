import { describe, expect, test } from '@jest/globals';
import { noSplit } from '../../values/split.ts';
import { atStep, stepped, then, v2, type Moment } from '../../../test/support/release-facts.ts';
import type { CanaryFacts, PodTrouble } from './facts.ts';

const ready: CanaryFacts = { templateHash: v2, replicas: 2, ready: 2 };
const down: CanaryFacts = { ...ready, ready: 0 };
const crash: PodTrouble = {
  name: 'web-canary-1',
  trouble: 'CrashLoopBackOff',
  reason: 'CrashLoopBackOff',
  message: 'exit code 1: no database',
};

const later = (moment: Moment, canary: CanaryFacts, seconds: number): ReturnType<typeof stepped> =>
  stepped(then(moment, { canary, pods: canary.ready === 0 ? [crash] : [] }, seconds * 1000));
/** Crashes after so many seconds of being ready, and is ready again so many seconds later. */
const flap = (moment: Moment, up: number, off: number): ReturnType<typeof stepped> =>
  later(later(moment, down, up), ready, off);

describe('a canary whose pods come and go', () => {
  test('F9: fails once the time without its pods, summed up, is the deadline, with the last words of its containers', () => {
    // The deadline is 60 s; nine seconds of being ready between two crashes pay for one without.
    let moment = flap(atStep(1), 9, 20);
    moment = flap(moment, 9, 20);
    expect(moment.status).toMatchObject({ phase: 'Progressing', canaryFlaps: { times: 2, unready: 39_100 } });
    const last = later(moment, down, 9);
    expect(later(last, down, 21).status.phase).toBe('Progressing');
    const { status } = later(last, down, 22);
    expect(status).toMatchObject({ phase: 'Failing', ending: { reason: 'CanaryNotReady' } });
    expect(status.message).toBe(
      'the canary was not ready for 60 s in all, over 3 times: 0 of 1 canary pods ready; web-canary-1: CrashLoopBackOff (exit code 1: no database)',
    );
  });

  test('F9: says until then why its pods are not ready', () => {
    const { status } = later(atStep(1), down, 9);
    expect(status.message).toBe('0 of 1 canary pods ready: CrashLoopBackOff (exit code 1: no database)');
  });

  test('D8: gets no request before it has stayed ready, longer after each time', () => {
    const lost = later(atStep(1), down, 5);
    expect(lost.effects).toContainEqual({ do: 'route', split: { weight: 0 } });
    const unrouted = { ...lost, facts: { ...lost.facts, route: { ...lost.facts.route, observed: noSplit } } };
    const once = later(unrouted, ready, 1);
    expect([once.status.waiting?.reason, once.wakeAt]).toEqual(['CanaryNotReady', once.facts.now + 3000]);
    expect(once.effects).toContainEqual({ do: 'route', split: { weight: 0 } });
    const twice = flap(once, 1, 1);
    expect([twice.status.waiting?.reason, twice.wakeAt]).toEqual(['CanaryFlapping', twice.facts.now + 6000]);
    expect(twice.status.message).toContain('it was not 2 times, for 2 s in all of at most 60 s');
    const calm = later(twice, ready, 6);
    expect(calm.status).toMatchObject({ phase: 'Progressing', message: '5 % of the traffic for the canary' });
    expect(calm.effects).toContainEqual({ do: 'route', split: { weight: 5 } });
  });

  test('F9: is forgiven what has been paid off by being ready for long', () => {
    const once = flap(atStep(1), 5, 3);
    const much = flap(once, 60, 1);
    expect(much.status.canaryFlaps).toMatchObject({ times: 1, unready: 1000 });
  });

  test('F9: does not flap where more pods are started because more are needed', () => {
    expect(atStep(3).status).not.toHaveProperty('canaryFlaps');
    expect(atStep(1).status).not.toHaveProperty('canaryFlaps');
  });

  test('D8: gets its traffic back at once where nobody else serves', () => {
    const { facts, status } = atStep(1);
    const alone = { status, facts: { ...facts, workload: { ...facts.workload, available: 0 } } };
    expect(flap(alone, 5, 1).status.splitInPlaceAt).toBeDefined();
  });
});
