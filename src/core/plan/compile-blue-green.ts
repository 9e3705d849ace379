/** Blue/green: the new version at full size, all traffic at once, and stable kept for the way back. */
import type { Policy } from '../policy/policy.ts';
import type { Hold, Strategy } from '../policy/strategy.ts';
import { percent } from '../../values/percent.ts';
import { holdStage } from './compile-hold.ts';
import type { Stage } from './plan.ts';

const everything = percent(100);

const holds = (policy: Policy, place: string, hold: Hold, reached: boolean): readonly Stage[] =>
  hold === 0 ? [] : [holdStage(policy, place, hold, reached)];

export const blueGreenStages = (
  { preview, before, after }: Extract<Strategy, { readonly kind: 'blue-green' }>,
  policy: Policy,
): readonly Stage[] => [
  { id: 'size', do: 'size', canary: preview },
  ...holds(policy, 'preview', before, false),
  { id: 'switch', do: 'split', split: { weight: everything } },
  ...holds(policy, 'active', after, true),
];
