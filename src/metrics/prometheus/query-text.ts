/** Queries as people write them: fills placeholders, and checks the text without asking a source. */
import { asWritten } from '../../schema/validate.ts';
import type { Problem } from '../../values/problem.ts';
import { Recent } from '../../values/recent.ts';
import { expressionRemarks } from './expression.ts';
import { meantBy, otherLanguage, type Remark } from './foreign-words.ts';

export const placeholders = ['namespace', 'workload', 'canary', 'service', 'interval'] as const;
export type Placeholder = (typeof placeholders)[number];

// Blanks are trimmed afterwards: a pattern that skips them itself backtracks for hours over a few thousand blanks.
const placeholder = /\{\{([^{}]*)\}\}/g;
const isKnown = (name: string): name is Placeholder => (placeholders as readonly string[]).includes(name);

/** The query with its placeholders replaced. An unknown placeholder stays as written; `checkQuery` has reported it before. */
export const fillQuery = (query: string, values: Readonly<Record<Placeholder, string>>): string =>
  query.replaceAll(placeholder, (written, inner: string) => {
    const name = inner.trim();
    return isKnown(name) ? values[name] : written;
  });

const samples: Readonly<Record<Placeholder, string>> = {
  namespace: 'n',
  workload: 'w',
  canary: 'c',
  service: 's',
  interval: '1m',
};

const known =
  'Known are {{canary}} (the new version), {{workload}} (the stable one), {{namespace}}, {{service}} and {{interval}}.';

const unknownPlaceholders = (query: string): readonly Remark[] =>
  [...new Map([...query.matchAll(placeholder)].map(([written, inner = '']) => [written, inner.trim()]))]
    .filter(([, name]) => !isKnown(name))
    .map(([written, name]) => ({
      rule: `has the unknown placeholder ${asWritten(written)}`,
      todo: meantBy(name) ?? known,
    }));

/** Finds triple braces and placeholders that are never closed. */
const strayBraces = (query: string): Remark | undefined => {
  if (/\{\{\{[^{}]*\}\}\}/.test(query))
    return { rule: 'has a placeholder in three braces', todo: 'Write two on each side, as in {{namespace}}.' };
  const rest = query.replaceAll(placeholder, '');
  return rest.includes('{{')
    ? { rule: 'has a placeholder that is opened by {{ and never closed', todo: 'Close it, as in {{namespace}}.' }
    : undefined;
};

const withoutComments = (query: string): string =>
  query.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|#[^\n]*/g, (text) =>
    text.startsWith('#') ? '' : text,
  );

const write = 'Write a PromQL expression that gives one number.';

const nothingToAsk = (query: string): Remark | undefined => {
  if (query.trim() === '') return { rule: 'must not be empty', todo: write };
  return withoutComments(query).trim() === '' ? { rule: 'must not be only a comment', todo: write } : undefined;
};

/** All remarks about a query, the most helpful first. With an unknown placeholder the expression cannot be parsed yet. */
const remarks = (query: string): readonly Remark[] => {
  const single = nothingToAsk(query) ?? otherLanguage(query);
  if (single !== undefined) return [single];
  const stray = strayBraces(query);
  const all = [...unknownPlaceholders(query), ...(stray === undefined ? [] : [stray])];
  return all.length > 0 ? all : expressionRemarks(fillQuery(query, samples));
};

/** Caches valid queries, because the webhook parses policies on every write. */
const fine = new Recent<true>(32);

/** Checks the text of a PromQL query that a person wrote. `field` is `query`; the caller adds the path to it. */
export const checkQuery = (query: string): readonly Problem[] => {
  if (fine.recall(query) === true) return [];
  const found = remarks(query);
  if (found.length === 0) fine.keep(query, true);
  return found.map(({ rule, todo }) => ({ field: 'query', value: asWritten(query), rule, todo }));
};
