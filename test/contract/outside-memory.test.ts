import { expect, it } from '@jest/globals';
import { memoryOutside, type Reply } from '../../src/outside/memory.ts';
import { manualClock } from '../../src/ports/clock.ts';
import { aQuestion, aSeries, measured } from '../support/measurements.ts';
import { outsideContract } from './outside-suite.ts';

const up: Reply = ({ window }) => measured({ canary: [{ labels: {}, points: [[window.to, 1]] }] });

outsideContract('in memory', (clock) => {
  const outside = memoryOutside(clock);
  outside.reply(up);
  return { outside, silence: (silent) => outside.reply(silent ? () => undefined : up) };
});

it('what waits for an answer can be looked at, and answered when the story wants it', async () => {
  const clock = manualClock();
  const outside = memoryOutside(clock);
  const over = aQuestion({ id: 'over' });
  const later = aQuestion({ id: 'later', window: { from: clock.now(), to: clock.now() + 60_000 } });
  outside.want('web', [over, later]);
  await clock.advanceAsync(1);
  expect(outside.unanswered()).toEqual([over]);
  const answer = measured({ canary: [aSeries({}, [0, 1])] });
  outside.reply(({ id }) => (id === 'over' ? answer : undefined));
  expect(outside.answers('web')).toEqual(
    new Map<string, unknown>([
      ['over', answer],
      ['later', 'pending'],
    ]),
  );
});
