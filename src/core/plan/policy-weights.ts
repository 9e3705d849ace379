import { percent, type Percent } from '../../values/percent.ts';
import type { Policy } from '../policy/policy.ts';
import { compile } from './compile.ts';
import { splitsOf } from './plan.ts';

/** The weights that a release goes through, in order, each once. */
export const weightsOf = (policy: Policy): readonly Percent[] => [
  ...new Set(
    splitsOf(compile(policy))
      .map(({ weight }) => weight)
      .filter((weight) => weight > percent(0)),
  ),
];
