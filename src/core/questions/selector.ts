/** Which series to read, as data: they can be compared, merged and applied; only a source writes them as text. */
import type { Labels } from '../../values/kube-object.ts';

/**
 * What one label may be: any of these values, or any value one of these patterns matches as a whole. Patterns keep to what
 * RE2 and JavaScript read alike.
 */
export type Allowed = { readonly values?: readonly string[]; readonly patterns?: readonly string[] };

/** Series of `metric`, or of any of them, whose every label in `where` has an allowed value. */
export type Selector = {
  readonly metric: string | readonly string[];
  readonly where: { readonly [label: string]: Allowed };
};

/** The names of the metrics that are meant. */
export const metricsOf = ({ metric }: Pick<Selector, 'metric'>): readonly string[] =>
  typeof metric === 'string' ? [metric] : metric;

const testOf = ({ values = [], patterns = [] }: Allowed): ((value: string) => boolean) => {
  const whole = patterns.map((pattern) => new RegExp(`^(?:${pattern})$`, 's'));
  return (value) => values.includes(value) || whole.some((pattern) => pattern.test(value));
};

/** Whether a series with these labels is one the selector means. A label that is missing counts as empty, as in PromQL. */
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
 * A selector that means every series one of these means, and maybe more: each label may be what it may be in any of them.
 * All have the metric and the labels of the first.
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
