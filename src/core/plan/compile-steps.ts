/** A list of steps. What is wanted of the routes is one value, which every step that is about them changes a part of. */
import type { Policy } from '../policy/policy.ts';
import type { PolicyStep, Strategy } from '../policy/strategy.ts';
import { percent, type Percent } from '../../values/percent.ts';
import { isNoSplit, type Match, type Split } from '../../values/split.ts';
import { holdStage, roundsStage } from './compile-hold.ts';
import type { Stage } from './plan.ts';

/** What the steps so far want of the routes. Routes by name, so that a step can take one of them back. */
type Wanted = {
  readonly weight: Percent;
  readonly headers: ReadonlyMap<string, readonly Match[]>;
  readonly mirrors: ReadonlyMap<string, Percent>;
};

const nothing: Wanted = { weight: percent(0), headers: new Map(), mirrors: new Map() };

const splitOf = ({ weight, headers, mirrors }: Wanted): Split => {
  const match = [...headers.values()].flat();
  const mirror = percent(Math.max(0, ...mirrors.values()));
  return { weight, ...(match.length === 0 ? {} : { match }), ...(mirror === 0 ? {} : { mirror }) };
};

const put = <T>(map: ReadonlyMap<string, T>, name: string, value: T, ends: boolean): ReadonlyMap<string, T> => {
  const others = [...map].filter(([other]) => other !== name);
  return new Map(ends ? others : [...others, [name, value]]);
};

/** The wanted split after a step; undefined for a step that is not about routes. */
const after = (wanted: Wanted, step: PolicyStep): Wanted | undefined => {
  switch (step.do) {
    case 'weight':
      return { ...wanted, weight: step.weight };
    case 'header':
      return { ...wanted, headers: put(wanted.headers, step.name, step.match, step.match.length === 0) };
    case 'mirror':
      return { ...wanted, mirrors: put(wanted.mirrors, step.name, step.percent, step.percent === 0) };
    default:
      return undefined;
  }
};

/** Stages carry the number of their step, from 1. */
const stageOf = (step: PolicyStep, place: number, split: Split, policy: Policy): Stage => {
  switch (step.do) {
    case 'scale':
      return { id: `size-${place}`, do: 'size', canary: step.canary };
    case 'pause':
      return holdStage(policy, place, step.for, !isNoSplit(split));
    case 'analysis':
      return roundsStage(policy, place, step);
    default:
      return { id: `split-${place}`, do: 'split', split };
  }
};

/** Before a route leads to the canary it has to be there. */
const firstSize = (steps: readonly PolicyStep[]): readonly Stage[] => {
  if (steps[0]?.do === 'scale') return [];
  const first = steps.find((step) => step.do === 'weight' && step.weight > 0);
  return [{ id: 'size', do: 'size', canary: { weight: first?.do === 'weight' ? first.weight : percent(1) } }];
};

export const stepStages = ({ steps }: Extract<Strategy, { kind: 'steps' }>, policy: Policy): readonly Stage[] => {
  let wanted = nothing;
  const stages = steps.map((step, i) => {
    wanted = after(wanted, step) ?? wanted;
    return stageOf(step, i + 1, splitOf(wanted), policy);
  });
  return [...firstSize(steps), ...stages];
};
