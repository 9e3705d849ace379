/** A number of rounds at one split: A/B on the requests that match, or blue/green, where the canary gets only copies. */
import type { Policy } from '../policy/policy.ts';
import type { Strategy } from '../policy/strategy.ts';
import { percent } from '../../values/percent.ts';
import { isNoSplit, type Split } from '../../values/split.ts';
import { roundsStage } from './compile-hold.ts';
import type { Stage } from './plan.ts';

const everything = percent(100);

export const iterationStages = (
  { iterations, match, mirror }: Extract<Strategy, { readonly kind: 'iterations' }>,
  policy: Policy,
): readonly Stage[] => {
  const split: Split = {
    weight: percent(0),
    ...(match.length === 0 ? {} : { match }),
    ...(mirror === undefined ? {} : { mirror }),
  };
  return [
    { id: 'size', do: 'size', canary: { weight: everything } },
    ...(isNoSplit(split) ? [] : [{ id: 'split-1', do: 'split', split } as const]),
    roundsStage(policy, 1, { rounds: iterations }),
    ...(match.length > 0 ? [] : [{ id: 'switch', do: 'split', split: { weight: everything } } as const]),
  ];
};
