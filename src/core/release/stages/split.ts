/** A stage that asks for another split and waits until it is in place. */
import { holdSplit, settled } from '../hold-split.ts';
import type { Facts } from '../facts.ts';
import { inPhase, wanting, withStatus } from '../state.ts';
import type { Handler } from './handler.ts';

const splitsOf = ({ plan }: Facts): readonly string[] =>
  plan.stages.filter((stage) => stage.do === 'split').map(({ id }) => id);

export const split: Handler<'split'> = {
  enter: (stage, status, facts) => {
    const ids = splitsOf(facts);
    const step = ids.indexOf(stage.id) + 1;
    const labelled = withStatus(inPhase(status, 'Progressing', facts), {
      step,
      stepLabel: `${step}/${ids.length}`,
      // The share measured under the previous split says nothing about this one.
      share: undefined,
    });
    return settled(wanting(labelled, stage.split), facts);
  },
  next: (_stage, status, facts) => holdSplit(status, facts) ?? { over: status },
};
