/** Label selectors, as objects and as text for a query parameter (`app=web,tier in (a, b),!legacy`). */
import type { Labels } from './kube-object.ts';

export const selectorOperators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

/** One requirement of a selector. */
export type Requirement = {
  readonly key: string;
  readonly operator: (typeof selectorOperators)[number];
  readonly values?: readonly string[];
};

/** A selector as written in an object. Without requirements it matches everything. */
export type Selector = { readonly matchLabels?: Labels; readonly matchExpressions?: readonly Requirement[] };

const holds = ({ key, operator, values = [] }: Requirement, labels: Labels): boolean => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      // As in Kubernetes, this also holds for an object without the label.
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
};

const requirementsOf = ({ matchLabels = {}, matchExpressions = [] }: Selector): readonly Requirement[] => [
  ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] })),
  ...matchExpressions,
];

/** Whether an object with these labels is selected. */
export const selects = (selector: Selector, labels: Labels = {}): boolean =>
  requirementsOf(selector).every((requirement) => holds(requirement, labels));

const requirement = (text: string): Requirement => {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return { key, operator: operator === 'in' ? 'In' : 'NotIn', values };
  }
  const equality = /^([^\s=!]+)\s*(==?|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] };
  }
  const existence = /^(!?)\s*([^\s=!(),]+)$/.exec(text);
  if (existence === null) throw new Error(`"${text}" is not a requirement of a label selector`);
  const [, not, key = ''] = existence;
  return { key, operator: not === '' ? 'Exists' : 'DoesNotExist' };
};

/**
 * Returns a predicate on labels. Throws an Error on bad text, since selectors as text come from code, not from users.
 */
export const labelMatcher = (selector: string): ((labels: Labels | undefined) => boolean) => {
  const parts = selector.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  if (parts.join(',') !== selector) throw new Error(`"${selector}" is not a label selector`);
  const requirements = parts.map((part) => requirement(part.trim()));
  return (labels) => requirements.every((one) => holds(one, labels ?? {}));
};

/** `{ app: 'web' }` as `app=web`. */
export const labelQuery = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
