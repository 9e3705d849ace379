/** Finds problems of a list of steps in which every single step is valid. The path names the step. */
import type { PolicySpec } from '../../schema/policy.ts';
import type { StepSpec } from '../../schema/steps.ts';
import type { Finding } from '../../schema/validate.ts';

/** What the earlier steps have set. */
type Before = {
  readonly weight?: number;
  /** The share of the traffic that the canary's pods are made for. */
  readonly pods?: number;
  readonly headers: ReadonlySet<string>;
  readonly mirrors: ReadonlySet<string>;
};

const start: Before = { headers: new Set(), mirrors: new Set() };

type Found = Pick<Finding, 'rule' | 'todo'>;

const weightFault = (weight: number, { weight: last, pods }: Before): Found | undefined => {
  if (last !== undefined && weight < last)
    return { rule: `must not fall: a step before has ${last}`, todo: `Write more than ${last}, or take the step out.` };
  if (last === weight) return { rule: `is the weight already`, todo: 'Take the step out.' };
  if (pods !== undefined && weight > pods)
    return {
      rule: `would overload the canary: setCanaryScale keeps its pods at ${pods} % before it`,
      todo: `Write setCanaryScale: {matchTrafficWeight: true} before it, or a weight of at least ${weight}.`,
    };
  return undefined;
};

const scaleFault = ({ weight }: NonNullable<StepSpec['setCanaryScale']>, before: Before): Found | undefined =>
  weight !== undefined && before.weight !== undefined && weight < before.weight
    ? {
        rule: `would overload the canary, which has ${before.weight} % of the traffic`,
        todo: `Write at least ${before.weight}.`,
      }
    : undefined;

const endFault = (name: string, known: ReadonlySet<string>, isEnd: boolean): Found | undefined =>
  isEnd && !known.has(name)
    ? { rule: `ends the route ${name}, which no step before has made`, todo: 'Take the step out, or correct the name.' }
    : undefined;

const isEndOf = ({ match = [] }: NonNullable<StepSpec['setHeaderRoute']>): boolean => match.length === 0;
const isMirrorEnd = ({ percentage = 0 }: NonNullable<StepSpec['setMirrorRoute']>): boolean => percentage === 0;

const faultOf = (
  step: StepSpec,
  before: Before,
): (Found & { readonly at: string; readonly value: unknown }) | undefined => {
  const { setWeight, setCanaryScale: scale, setHeaderRoute: header, setMirrorRoute: mirror } = step;
  const told = (at: keyof StepSpec, found: Found | undefined) =>
    found === undefined ? undefined : { ...found, at, value: step[at] };
  if (setWeight !== undefined) return told('setWeight', weightFault(setWeight, before));
  if (scale !== undefined) return told('setCanaryScale', scaleFault(scale, before));
  if (header !== undefined) return told('setHeaderRoute', endFault(header.name, before.headers, isEndOf(header)));
  if (mirror !== undefined) return told('setMirrorRoute', endFault(mirror.name, before.mirrors, isMirrorEnd(mirror)));
  return undefined;
};

const changed = (set: ReadonlySet<string>, name: string, isEnd: boolean): ReadonlySet<string> =>
  new Set(isEnd ? [...set].filter((other) => other !== name) : [...set, name]);

const afterStep = (before: Before, step: StepSpec): Before => {
  const { setWeight: weight, setCanaryScale: scale, setHeaderRoute: header, setMirrorRoute: mirror } = step;
  if (weight !== undefined) return { ...before, weight: Math.max(weight, before.weight ?? 0) };
  if (header !== undefined) return { ...before, headers: changed(before.headers, header.name, isEndOf(header)) };
  if (mirror !== undefined) return { ...before, mirrors: changed(before.mirrors, mirror.name, isMirrorEnd(mirror)) };
  if (scale === undefined) return before;
  const { pods: _, ...rest } = before;
  return scale.weight === undefined ? rest : { ...rest, pods: scale.weight };
};

/** The problems of `steps`, each at its step. */
export const stepFindings = ({ steps = [] }: PolicySpec): readonly Finding[] => {
  let before = start;
  return steps.flatMap((step, i) => {
    const fault = faultOf(step, before);
    before = afterStep(before, step);
    if (fault === undefined) return [];
    const { at, ...found } = fault;
    return [{ ...found, path: `steps[${i}].${at}` }];
  });
};

const holds = (step: StepSpec): boolean => step.pause !== undefined || step.analysis !== undefined;
const reaches = ({ setWeight = 0, setHeaderRoute: header }: StepSpec): boolean =>
  setWeight > 0 || (header !== undefined && !isEndOf(header));

/** Warnings about a valid policy that probably does not do what its author wants. */
export const strategyWarnings = ({ steps, iterations, match, checks = [] }: PolicySpec): readonly string[] => {
  if (steps !== undefined) {
    const first = steps.findIndex(reaches);
    if (first < 0)
      return ['no step leads callers to the canary, so its checks are judged on nothing before the promotion'];
    return steps.slice(first).some(holds)
      ? []
      : ['no step pauses or judges once callers reach the canary, so nothing is judged before the promotion'];
  }
  const own = checks.filter(({ query }) => query !== undefined).length;
  return iterations !== undefined && match === undefined && own === 0
    ? [
        'no caller reaches the canary before the switch: the built-in checks see only requests that are sent to its Service, such as those of a load test',
      ]
    : [];
};
