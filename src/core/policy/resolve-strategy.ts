/** Resolves the strategy of a policy, whether its fields are Sluice's, Flagger's or those of Argo Rollouts. */
import { blueGreenDefaults, type BlueGreenSpec } from '../../schema/blue-green.ts';
import type { PolicySpec } from '../../schema/policy.ts';
import type { StepSpec } from '../../schema/steps.ts';
import { parseDuration } from '../../values/duration.ts';
import { percent, type Percent } from '../../values/percent.ts';
import type { Match } from '../../values/split.ts';
import { strategyOf } from '../../schema/strategy-rules.ts';
import type { PolicyStep, SizeRule, Strategy } from './strategy.ts';

/** Defaults that depend on the version of Sluice. */
export type WeightDefaults = { readonly weights: readonly number[]; readonly maxWeight: number };

/** The multiples of stepWeight below maxWeight, then maxWeight itself. */
const risingTo = (maxWeight: number, stepWeight: number): readonly number[] => {
  const weights: number[] = [];
  for (let weight = stepWeight; weight < maxWeight; weight += stepWeight) weights.push(weight);
  return [...weights, maxWeight];
};

const weightsOf = (spec: PolicySpec, given: WeightDefaults): readonly Percent[] => {
  const rising =
    spec.stepWeight === undefined ? given.weights : risingTo(spec.maxWeight ?? given.maxWeight, spec.stepWeight);
  return (spec.weights ?? spec.stepWeights ?? rising).map(percent);
};

const everything = percent(100);

const mirrorOf = ({ mirror, mirrorWeight }: PolicySpec): { readonly mirror?: Percent } =>
  mirror === true ? { mirror: mirrorWeight === undefined ? everything : percent(mirrorWeight) } : {};

const scaleOf = ({ replicas, weight }: NonNullable<StepSpec['setCanaryScale']>): SizeRule =>
  replicas === undefined ? { weight: percent(weight ?? 0) } : { replicas };

type Header = NonNullable<NonNullable<StepSpec['setHeaderRoute']>['match']>[number];

const matchOf = ({ headerName, headerValue }: Header): Match => ({ headers: { [headerName]: headerValue } });

/** The schema guarantees that a step has exactly one kind. */
const stepOf = (spec: StepSpec): PolicyStep => {
  const { setWeight, pause, setCanaryScale, analysis, setHeaderRoute: header, setMirrorRoute: mirror } = spec;
  if (setWeight !== undefined) return { do: 'weight', weight: percent(setWeight) };
  if (setCanaryScale !== undefined) return { do: 'scale', canary: scaleOf(setCanaryScale) };
  if (header !== undefined) return { do: 'header', name: header.name, match: (header.match ?? []).map(matchOf) };
  if (mirror !== undefined) return { do: 'mirror', name: mirror.name, percent: percent(mirror.percentage ?? 0) };
  if (analysis !== undefined) {
    const interval = analysis.interval === undefined ? {} : { interval: parseDuration(analysis.interval) };
    return { do: 'analysis', ...interval, rounds: analysis.rounds ?? 1 };
  }
  return { do: 'pause', for: pause?.duration === undefined ? 'approval' : parseDuration(pause.duration) };
};

const blueGreenOf = (spec: BlueGreenSpec): Strategy => {
  const { previewReplicaCount, ...times } = { ...blueGreenDefaults, ...spec };
  return {
    kind: 'blue-green',
    preview: previewReplicaCount === undefined ? { weight: everything } : { replicas: previewReplicaCount },
    before: times.autoPromotionEnabled ? times.autoPromotionSeconds * 1000 : 'approval',
    after: times.scaleDownDelaySeconds * 1000,
  };
};

/** The spec has passed the schema, so it asks for exactly one strategy. */
export const resolveStrategy = (spec: PolicySpec, given: WeightDefaults): Strategy => {
  if (spec.steps !== undefined) return { kind: 'steps', steps: spec.steps.map(stepOf) };
  if (spec.iterations !== undefined)
    return { kind: 'iterations', iterations: spec.iterations, match: spec.match ?? [], ...mirrorOf(spec) };
  if (strategyOf(spec) === 'blue-green') return blueGreenOf(spec.blueGreen ?? {});
  return { kind: 'weights', weights: weightsOf(spec, given), ...mirrorOf(spec) };
};
