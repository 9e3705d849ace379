/** The contract of `Outside`: whoever asks keeps it. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Question } from '../../src/core/questions/question.ts';
import { manualClock, type ManualClock } from '../../src/ports/clock.ts';
import type { Outside } from '../../src/ports/outside.ts';
import { aQuery, aQuestion } from '../support/measurements.ts';

/** Answers the value query `up` with 1, whenever it is asked. */
export type OutsideWorld = { readonly outside: Outside; silence(silent: boolean): void };

export const outsideContract = (name: string, open: (clock: ManualClock) => OutsideWorld): void => {
  describe(`the contract of the outside world: ${name}`, () => {
    let clock: ManualClock;
    let world: OutsideWorld;
    let outside: Outside;
    let told: string[];
    beforeEach(() => {
      clock = manualClock();
      world = open(clock);
      outside = world.outside;
      told = [];
      outside.onAnswer((key) => void told.push(key));
    });

    const question = (id: string, endsIn = 0): Question =>
      aQuestion({
        id,
        check: aQuery('up', { min: 1 }),
        window: { from: clock.now() - 60_000, to: clock.now() + endsIn },
      });
    const soon = (): Promise<void> => clock.advanceAsync(2_000);
    const stateOf = (key: string): readonly (readonly [string, string])[] =>
      [...outside.answers(key)].map(([id, answer]) => [id, answer === 'pending' ? answer : answer.kind]);

    it('a question is not there before it is wanted, then pending, then answered', async () => {
      expect(stateOf('web')).toEqual([]);
      outside.want('web', [question('a')]);
      expect(stateOf('web')).toEqual([['a', 'pending']]);
      await soon();
      expect(stateOf('web')).toEqual([['a', 'measured']]);
      expect([...outside.answers('web').values()]).toMatchObject([
        { canary: [{ points: [[clock.now() - 2_000, 1]] }] },
      ]);
    });

    it('whoever wants it is told once it is answered, and never while wanting', async () => {
      outside.want('web', [question('a')]);
      expect(told).toEqual([]);
      await soon();
      expect(told).toEqual(['web']);
    });

    it('a question is not put before its window is over', async () => {
      outside.want('web', [question('a', 30_000)]);
      await clock.advanceAsync(29_999);
      expect(stateOf('web')).toEqual([['a', 'pending']]);
      await soon();
      expect(stateOf('web')).toEqual([['a', 'measured']]);
    });

    it('an answer is kept as long as it is wanted, and told once', async () => {
      outside.want('web', [question('a')]);
      await soon();
      outside.want('web', [question('a'), question('b')]);
      expect(stateOf('web')).toEqual([
        ['a', 'measured'],
        ['b', 'pending'],
      ]);
      await soon();
      expect(told).toEqual(['web', 'web']);
      outside.want('web', [question('b')]);
      expect(stateOf('web')).toEqual([['b', 'measured']]);
    });

    it('what is not wanted any more is forgotten, and nobody is told of it', async () => {
      outside.want('web', [question('a')]);
      outside.want('web', []);
      expect(stateOf('web')).toEqual([]);
      await soon();
      expect([stateOf('web'), told]).toEqual([[], []]);
    });

    it('a question that is wanted again after it was forgotten is asked again', async () => {
      outside.want('web', [question('a')]);
      await soon();
      outside.want('web', []);
      outside.want('web', [question('a')]);
      expect(stateOf('web')).toEqual([['a', 'pending']]);
      await soon();
      expect(stateOf('web')).toEqual([['a', 'measured']]);
    });

    it('what one wants is nothing to the others', async () => {
      outside.want('web', [question('a')]);
      outside.want('api', [question('b')]);
      outside.want('web', []);
      await soon();
      expect([stateOf('web'), stateOf('api'), told]).toEqual([[], [['b', 'measured']], ['api']]);
    });

    it('while nobody answers a question is pending and nothing waits for it', async () => {
      world.silence(true);
      outside.want('web', [question('a')]);
      await soon();
      expect([stateOf('web'), told]).toEqual([[['a', 'pending']], []]);
    });

    it('a listener may want something else at once', async () => {
      outside.onAnswer((key) => outside.want(key, []));
      outside.want('web', [question('a'), question('b')]);
      await soon();
      expect(stateOf('web')).toEqual([]);
    });

    it('stopped, it has forgotten everything, asks nothing and tells nobody', async () => {
      outside.want('web', [question('a')]);
      outside.stop();
      outside.want('api', [question('b')]);
      await soon();
      expect([stateOf('web'), stateOf('api'), told, clock.waiting()]).toEqual([[], [], [], []]);
    });
  });
};
