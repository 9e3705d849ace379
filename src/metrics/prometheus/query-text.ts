/** Queries as people write them: placeholders and what can be said about the text without asking anybody. */
import { asWritten } from '../../schema/validate.ts';
import type { Problem } from '../../values/problem.ts';

export const placeholders = ['namespace', 'workload', 'canary', 'service', 'interval'] as const;
export type Placeholder = (typeof placeholders)[number];

// Blanks are trimmed afterwards: an expression that leaves them out itself takes hours over a few thousand of them.
const placeholder = /\{\{([^{}]*)\}\}/g;
const isKnown = (name: string): name is Placeholder => (placeholders as readonly string[]).includes(name);

/** The query with its placeholders replaced. One that is not known stays as written: `checkQuery` reports it before this is reached. */
export const fillQuery = (query: string, values: Readonly<Record<Placeholder, string>>): string =>
  query.replaceAll(placeholder, (written, inner: string) => {
    const name = inner.trim();
    return isKnown(name) ? values[name] : written;
  });

const problem = (query: string, rule: string, todo: string): Problem => ({
  field: 'query',
  value: asWritten(query),
  rule,
  todo,
});

const unknownPlaceholders = (query: string): readonly Problem[] =>
  [...new Map([...query.matchAll(placeholder)].map(([written, inner = '']) => [written, inner.trim()]))]
    .filter(([, name]) => !isKnown(name))
    .map(([written]) =>
      problem(
        query,
        `has the unknown placeholder ${asWritten(written)}`,
        `Known are ${placeholders.map((name) => `{{${name}}}`).join(', ')}.`,
      ),
    );

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
// A string in any of PromQL's three quotes (only backticks know no escapes), a comment, a bracket, or a quote that never ends.
const token = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|#[^\n]*|[()[\]{}"'`]/g;

const unbalanced = (query: string): string | undefined => {
  const open: string[] = [];
  for (const [text] of query.matchAll(token)) {
    if (['"', "'", '`'].includes(text)) return `has a string that is opened with ${text} and never closed`;
    if (text.length > 1 || text === '#') continue;
    const closer = closers[text];
    if (closer !== undefined) open.push(text);
    else if (closers[open.pop() ?? ''] !== text) return `has a ${text} without its opening bracket`;
  }
  const left = open.pop();
  return left === undefined ? undefined : `has a ${left} that is never closed`;
};

const onlyComments = (query: string): boolean =>
  query.replaceAll(token, (text) => (text.startsWith('#') ? '' : text)).trim() === '';

/** What is wrong with a PromQL query a person wrote, as far as its text tells. `field` is `query`: the caller knows the path to it. */
export const checkQuery = (query: string): readonly Problem[] => {
  if (query.trim() === '')
    return [problem(query, 'must not be empty', 'Write a PromQL expression that gives one number.')];
  if (onlyComments(query))
    return [problem(query, 'must not be only a comment', 'Write a PromQL expression that gives one number.')];
  const unknown = unknownPlaceholders(query);
  const brackets = unbalanced(query.replaceAll(placeholder, ''));
  if (brackets === undefined) return unknown;
  return [...unknown, problem(query, brackets, 'Try the query in Prometheus first.')];
};
