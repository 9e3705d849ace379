/**
 * Determines which subsets of an apex are the workload's own. A Service may stand in front of several workloads that routes
 * distinguish by subsets; a release must not touch the traffic of another workload's subset.
 */
import type { Labels } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import { fits, type Behind, type Neighbour } from '../values/behind.ts';
import type { OwnSubsets, SubsetQuestion, SubsetRule } from '../ports/traffic.ts';

/** The pod labels that a subset selects, and the object that defines it, such as `DestinationRule/web`. */
export type SubsetDefinition = { readonly subset: string; readonly labels: Labels; readonly by: string };

type Belonging = 'own' | 'other' | 'untold';

/**
 * The serving pods may come from a template with other labels, but the labels in the Deployment's selector are the same for
 * all of them. So a subset that requires another value for one of these labels is never the workload's own. A subset that
 * does not match the new template belongs to another workload if it matches a Deployment behind the same Service.
 */
const belonging = (labels: Labels, { labels: own, selector, others }: Behind): Belonging => {
  if (Object.entries(labels).some(([key, value]) => (selector[key] ?? value) !== value)) return 'other';
  if (fits(labels, own)) return 'own';
  return others.some((other) => fits(labels, other.labels)) ? 'other' : 'untold';
};

/** Decides for each subset that the rules name. Undecidable subsets stay as they are in `before`. */
export const ownSubsets = (
  { rules, before, target: { behind } }: SubsetQuestion,
  definitions: readonly SubsetDefinition[],
): OwnSubsets => {
  const decided = [...Map.groupBy(rules, ({ subset }) => subset)].map(([subset, uses]) => {
    const of = definitions.filter((definition) => definition.subset === subset);
    const found = new Set(behind === undefined ? [] : of.map(({ labels }) => belonging(labels, behind)));
    const [only] = found.size === 1 ? found : [];
    return { subset, uses, of, only: only ?? 'untold' };
  });
  const isOwn = ({ subset, only }: (typeof decided)[number]): boolean =>
    only === 'own' || (only === 'untold' && before.includes(subset));
  const own = decided.filter(isOwn);
  const selectedToo = ({ labels }: Neighbour): boolean =>
    own.some(({ of }) => of.some((one) => fits(one.labels, labels)));
  return {
    own: own.map(({ subset }) => subset),
    shared: behind?.others.filter(selectedToo) ?? [],
    problems: decided
      .filter(({ only }) => only === 'untold')
      .flatMap(({ subset, uses, of }) => uses.slice(0, 1).map((use) => untold(subset, use, of))),
  };
};

const labelsText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');

const untold = (subset: string, { route, at }: SubsetRule, of: readonly SubsetDefinition[]): Problem => {
  const field = `${route} ${at}`;
  if (of.length === 0)
    return {
      field,
      value: subset,
      rule: 'names a subset that no DestinationRule which Sluice can read defines, so whose pods it selects cannot be told',
      todo: `Define the subset ${subset} in a DestinationRule of the Service, or take it out of the rule.`,
    };
  const said = of.map(({ by, labels }) => `${by}: ${labelsText(labels)}`).join('; ');
  return {
    field,
    value: subset,
    rule: `names a subset whose labels (${said}) fit neither the new pods of the Deployment nor those of another one, so whose traffic it is cannot be told`,
    todo: `Let the labels of the subset ${subset} be labels of the pod template, or take it out of the rule.`,
  };
};
