/** Rising weights, each held until its checks pass. */
import type { Policy } from '../policy/policy.ts';
import type { Strategy } from '../policy/strategy.ts';
import { percent, type Percent } from '../../values/percent.ts';
import { roundStage } from './compile-hold.ts';
import type { Stage } from './plan.ts';

type Weights = Extract<Strategy, { readonly kind: 'weights' }>;

const sizeStage = ([weight]: readonly Percent[]): readonly Stage[] =>
  weight === undefined ? [] : [{ id: 'size', do: 'size', canary: { weight } }];

/** Copies for one interval, whose answers nobody waits for. */
const mirrorStages = ({ mirror }: Weights, { interval }: Policy): readonly Stage[] =>
  mirror === undefined
    ? []
    : [
        { id: 'mirror', do: 'split', split: { weight: percent(0), mirror } },
        { id: 'wait-mirror', do: 'wait', for: interval },
      ];

export const weightStages = (strategy: Weights, policy: Policy): readonly Stage[] => [
  ...sizeStage(strategy.weights),
  ...mirrorStages(strategy, policy),
  ...strategy.weights.flatMap((weight, i): readonly Stage[] => [
    { id: `split-${i + 1}`, do: 'split', split: { weight } },
    roundStage(policy, i + 1),
  ]),
];
