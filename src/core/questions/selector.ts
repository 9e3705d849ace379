/** Series selectors as data, which can be compared, merged and applied to labels. Only a source writes them as query text. */
import type { Labels } from '../../values/kube-object.ts';

/**
 * The allowed values of a label: one of `values`, or a value that one of `patterns` matches in full. Patterns use only
 * syntax that RE2 and JavaScript share.
 */
export type Allowed = { readonly values?: readonly string[]; readonly patterns?: readonly string[] };

/** Selects series of `metric` (or of any metric in the list) in which every label in `where` has an allowed value. */
export type Selector = {
  readonly metric: string | readonly string[];
  readonly where: { readonly [label: string]: Allowed };
};

/** The metric names of a selector. */
export const metricsOf = ({ metric }: Pick<Selector, 'metric'>): readonly string[] =>
  typeof metric === 'string' ? [metric] : metric;

const testOf = ({ values = [], patterns = [] }: Allowed): ((value: string) => boolean) => {
  const whole = patterns.map((pattern) => new RegExp(`^(?:${pattern})$`, 's'));
  return (value) => values.includes(value) || whole.some((pattern) => pattern.test(value));
};

/** Returns a predicate on the labels of a series. A missing label counts as empty, as in PromQL. */
export const selects = (selector: Selector): ((labels: Labels) => boolean) => {
  const names = metricsOf(selector);
  const tests = Object.entries(selector.where).map(([label, allowed]) => [label, testOf(allowed)] as const);
  return (labels) =>
    names.includes(labels['__name__'] ?? '') && tests.every(([label, test]) => test(labels[label] ?? ''));
};

const distinct = (lists: readonly (readonly string[] | undefined)[]): readonly string[] => [
  ...new Set(lists.flatMap((list) => list ?? [])),
];

const anyOf = (several: readonly Allowed[]): Allowed => {
  const values = distinct(several.map((one) => one.values));
  const patterns = distinct(several.map((one) => one.patterns));
  return { ...(values.length > 0 && { values }), ...(patterns.length > 0 && { patterns }) };
};

/**
 * A selector that matches every series that any of these match, and possibly more: it allows each label every value that
 * any of them allows. All must have the metric and the label names of the first.
 */
export const uniteSelectors = (first: Selector, others: readonly Selector[]): Selector => ({
  metric: first.metric,
  where: Object.fromEntries(
    Object.entries(first.where).map(([label, allowed]) => [
      label,
      anyOf([allowed, ...others.map(({ where }) => where[label] ?? {})]),
    ]),
  ),
});
