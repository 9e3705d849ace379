/** Finds problems with the `sluice.dev/` labels of a workload. `optInOf` interprets them. */
import { annotations as known, optInLabels, policyAnnotations } from '../../schema/annotations.ts';
import { group, labels as own } from '../../schema/names.ts';
import { nearest } from '../../schema/nearest.ts';
import { asWritten } from '../../schema/validate.ts';
import type { Labels } from '../../values/kube-object.ts';
import type { Problem } from '../../values/problem.ts';
import { canaryProblems, emptyProblems, suggested } from './read-annotations.ts';

const prefix = `${group}/`;
const peoples: readonly string[] = Object.values(optInLabels);
const onlyAnnotations: ReadonlySet<string> = new Set(
  [...Object.values<string>(known), ...Object.keys(policyAnnotations).map((name) => prefix + name)].filter(
    (key) => !peoples.includes(key),
  ),
);

const adviceFor = (key: string, index: number): Pick<Problem, 'rule' | 'todo'> => {
  if (onlyAnnotations.has(key)) return { rule: 'is an annotation, not a label', todo: 'Write it under annotations.' };
  if (Object.values<string>(own).includes(key))
    return { rule: 'is a label that only Sluice sets, on what it makes', todo: 'Remove it.' };
  const names = peoples.map((k) => k.slice(prefix.length));
  const near = index < suggested ? nearest(key.slice(prefix.length), names) : undefined;
  const todo = near === undefined ? `The labels are ${peoples.join(' and ')}.` : `Did you mean ${prefix}${near}?`;
  return { rule: 'is not a label Sluice knows', todo };
};

/** All problems with the labels under `sluice.dev/`. Other labels are ignored. */
export const labelProblems = (labels: Labels = {}): readonly Problem[] => {
  const ours = Object.entries(labels)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => [key, text.trim()] as const);
  const text = new Map(ours);
  const known = [
    ...canaryProblems(text.get(optInLabels.canary)),
    ...emptyProblems(optInLabels.policy, text.get(optInLabels.policy), 'must name a policy'),
  ];
  const unknown = ours
    .filter(([key]) => !peoples.includes(key))
    .map(([key, value], i) => ({ field: asWritten(key), value: asWritten(value), ...adviceFor(key, i) }));
  return [...known, ...unknown].map((problem) => ({ ...problem, field: `label ${problem.field}` }));
};
