/** What a policy asks of a provider, held against what the provider says it can do. Used at admission. */
import type { Percent } from '../core/percent.ts';
import type { Problem } from '../core/problem.ts';
import type { Capabilities, ProviderName } from '../ports/traffic.ts';

type Able = { readonly name: ProviderName; readonly can: Capabilities };

/** Problems of a plan's weights with this provider, each with the field `steps`. */
export const checkPolicy = (provider: Able, weights: readonly Percent[]): readonly Problem[] =>
  weights.flatMap((weight) => [...coarse(provider, weight), ...everything(provider, weight)]);

const coarse = ({ name, can }: Able, weight: Percent): readonly Problem[] => {
  if (weight % can.granularity === 0) return [];
  return [
    {
      field: 'steps',
      value: String(weight),
      rule: `must be a multiple of ${can.granularity}: the provider ${name} cannot express anything between`,
      todo: `Write ${Math.ceil(weight / can.granularity) * can.granularity}, or use another provider.`,
    },
  ];
};

/** Stable is never scaled down, so its pods keep a share of whatever is split by the number of pods. */
const everything = ({ name, can }: Able, weight: Percent): readonly Problem[] => {
  if (can.splits === 'route' || weight < 100) return [];
  return [
    {
      field: 'steps',
      value: String(weight),
      rule: `must be below 100: the provider ${name} splits by the number of pods, and stable keeps its own`,
      todo: 'Leave the last step out; promotion takes everything to the new template anyway.',
    },
  ];
};
