/** Writes PromQL strings, durations and selectors. */
import { metricsOf, type Allowed, type Selector } from '../../core/questions/selector.ts';
import type { Milliseconds } from '../../values/time.ts';

/** `90s` where it is whole seconds, `1500ms` otherwise. */
export const promqlDuration = (span: Milliseconds): string => (span % 1000 === 0 ? `${span / 1000}s` : `${span}ms`);

/** A text as a PromQL string literal, with Go's escapes. */
export const promqlString = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

/** A pattern that matches exactly this text, in RE2 and in JavaScript. */
export const literalPattern = (text: string): string => text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');

const patternOf = ({ values = [], patterns = [] }: Allowed): string =>
  [...values.map(literalPattern), ...patterns].join('|');

/** `pod=~"…"` */
export const matcher = ([label, allowed]: readonly [string, Allowed]): string => {
  const [only, ...others] = allowed.values ?? [];
  const exact = only !== undefined && others.length === 0 && (allowed.patterns ?? []).length === 0;
  return exact ? `${label}=${promqlString(only)}` : `${label}=~${promqlString(patternOf(allowed))}`;
};

/** `http_requests_total{namespace="shop",pod=~"…"}`; labels in the order they were given, so equal selectors are equal texts. */
export const selectorText = (selector: Selector): string => {
  const where = Object.entries(selector.where);
  const [name = '', ...others] = metricsOf(selector);
  const all: typeof where = others.length === 0 ? where : [['__name__', { values: [name, ...others] }], ...where];
  return `${others.length === 0 ? name : ''}{${all.map(matcher).join(',')}}`;
};
