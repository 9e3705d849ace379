/** Which series to read, as data: text only at the very end, so that selectors can be compared, merged and applied here as well. */
import type { Labels } from '../../values/kube-object.ts';

/** What one label may be: any of these values, or any value one of these patterns matches as a whole. Patterns keep to what RE2 and JavaScript read alike. */
export type Allowed = { readonly values?: readonly string[]; readonly patterns?: readonly string[] };

/** Series of `metric` whose every label in `where` has an allowed value. */
export type Selector = { readonly metric: string; readonly where: { readonly [label: string]: Allowed } };

/** A text as a PromQL string literal. PromQL reads Go's escapes. */
export const promqlString = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

/** A pattern that matches exactly this text, in RE2 and in JavaScript. */
export const literalPattern = (text: string): string => text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');

const patternOf = ({ values = [], patterns = [] }: Allowed): string =>
  [...values.map(literalPattern), ...patterns].join('|');

const matcher = ([label, allowed]: readonly [string, Allowed]): string => {
  const [only, ...others] = allowed.values ?? [];
  const exact = only !== undefined && others.length === 0 && (allowed.patterns ?? []).length === 0;
  return exact ? `${label}=${promqlString(only)}` : `${label}=~${promqlString(patternOf(allowed))}`;
};

/** `http_requests_total{namespace="shop",pod=~"…"}`; labels in the order they were given, so equal selectors are equal texts. */
export const selectorText = (selector: Selector): string =>
  `${selector.metric}{${Object.entries(selector.where).map(matcher).join(',')}}`;

/** Whether a series with these labels is one the selector means. A label that is missing counts as empty, as in PromQL. */
export const selects = (selector: Selector): ((labels: Labels) => boolean) => {
  const tests = Object.entries(selector.where).map(
    ([label, allowed]) => [label, new RegExp(`^(?:${patternOf(allowed)})$`, 's')] as const,
  );
  return (labels) =>
    labels['__name__'] === selector.metric && tests.every(([label, test]) => test.test(labels[label] ?? ''));
};
