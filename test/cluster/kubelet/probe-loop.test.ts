import { describe, expect, it } from '@jest/globals';
import { countAnswer, NO_ANSWERS } from './probe-loop.ts';

describe('probe thresholds', () => {
  const established = (answers: string, probe: object) =>
    Array.from(answers).reduce((tally, answer) => countAnswer(tally, answer === '+', probe), NO_ANSWERS).established;

  it.each([
    ['one success is enough', '+', {}, true],
    ['two failures are not', '+--', {}, true],
    ['three are', '+---', {}, false],
    ['a success between starts anew', '+--+--', {}, true],
    ['thresholds of its own', '-++', { successThreshold: 3, failureThreshold: 1 }, false],
    ['and when they are reached', '-+++', { successThreshold: 3, failureThreshold: 1 }, true],
    ['nothing is known before', '--', {}, undefined],
  ])('%s', (_case, answers, probe, expected) => expect(established(answers, probe)).toBe(expected));
});
