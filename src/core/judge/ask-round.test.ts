import { describe, expect, it } from '@jest/globals';
import { aRound, duration, successRate } from '../../../test/support/measurements.ts';
import { questionsFor, type RoundSubject } from './ask-round.ts';

const ids = (over: Partial<RoundSubject> = {}): readonly string[] => questionsFor(aRound(over)).map(({ id }) => id);

describe('the questions of a round', () => {
  it('are one for each check, about the release, its window and its source', () => {
    const round = aRound({ checks: [successRate(99), duration(500)] });
    const { arms, window, source, telemetry } = round;
    expect(questionsFor(round)).toEqual(
      round.checks.map((check) => ({
        id: `shop/web-2/step/${check.name}/${window.from}-${window.to}`,
        kind: 'measure',
        source,
        check,
        telemetry,
        arms,
        window,
      })),
    );
  });

  it('have the same ids whenever they are made, so that after a restart they are asked again', () =>
    expect(ids()).toEqual(ids()));

  it.each<[string, Partial<RoundSubject>]>([
    ['another release', { release: 'web-3' }],
    ['a release of the same name in another namespace', { arms: { ...aRound().arms, namespace: 'test' } }],
    ['another analysis of the same release', { analysis: 'background' }],
    ['the window that follows', { window: { from: aRound().window.to, to: aRound().window.to + 60_000 } }],
    ['another check', { checks: [duration(500)] }],
  ])('have other ids for %s', (_case, over) => expect(ids(over)).not.toEqual(ids()));
});
