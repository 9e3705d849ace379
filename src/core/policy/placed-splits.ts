/** Where in a policy each split of its plan was written. */
import type { PolicySpec } from '../../schema/policy.ts';
import type { Finding } from '../../schema/validate.ts';
import type { Split } from '../../values/split.ts';
import { compile } from '../plan/compile.ts';
import type { Stage } from '../plan/plan.ts';
import type { Policy } from './policy.ts';

type Place = Pick<Finding, 'path' | 'value'> & { readonly says?: string };
export type PlacedSplit = Place & { readonly split: Split };

type SplitStage = Extract<Stage, { readonly do: 'split' }>;

/** Where the weights are the defaults, a problem is reported at the provider. */
const weightPlace = (spec: PolicySpec, index: number, { weight }: Split): Place => {
  const { stepWeight, maxWeight, provider } = spec;
  const list = spec.weights === undefined ? 'stepWeights' : 'weights';
  if (spec[list] !== undefined) return { path: `${list}[${index}]`, value: weight };
  if (stepWeight === undefined) return { path: 'provider', value: provider, says: `the default step ${weight} ` };
  return weight === maxWeight ? { path: 'maxWeight', value: weight } : { path: 'stepWeight', value: stepWeight };
};

/** Stages of steps carry the number of their step, from 1. */
const stepPlace = ({ steps = [] }: PolicySpec, { id }: SplitStage): Place => {
  const index = Number(id.slice(id.lastIndexOf('-') + 1)) - 1;
  const [kind = '', value] = Object.entries(steps[index] ?? {})[0] ?? [];
  return { path: `steps[${index}].${kind}`, value };
};

const fieldPlace = (spec: PolicySpec, { split: { match, mirror, weight } }: SplitStage): Place => {
  if (match !== undefined) return { path: 'match', value: spec.match };
  if (mirror !== undefined) return { path: 'mirror', value: spec.mirror };
  const [path, value] = spec.blueGreen === undefined ? ['iterations', spec.iterations] : ['blueGreen', spec.blueGreen];
  return { path, value, says: `switches at ${weight} %, which ` };
};

const placeOf = (stage: SplitStage, spec: PolicySpec, policy: Policy): Place => {
  if (policy.strategy.kind === 'steps') return stepPlace(spec, stage);
  if (policy.strategy.kind !== 'weights' || stage.split.mirror !== undefined) return fieldPlace(spec, stage);
  return weightPlace(spec, policy.strategy.weights.indexOf(stage.split.weight), stage.split);
};

/** Every split of the policy's plan, with the field that asks for it. */
export const placedSplits = (spec: PolicySpec, policy: Policy): readonly PlacedSplit[] =>
  compile(policy).stages.flatMap((stage) =>
    stage.do === 'split' ? [{ ...placeOf(stage, spec, policy), split: stage.split }] : [],
  );
