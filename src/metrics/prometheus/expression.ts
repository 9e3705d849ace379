/** Finds what is wrong with a PromQL expression whose value is to be compared with bounds. */
import { variableIn, type Remark } from './foreign-words.ts';
import { childrenOf, parse, partsOf, type Part } from './grammar.ts';

const textOf = (query: string, { from, to }: Part): string => query.slice(from, to);

/** An excerpt of the query that shows the position of an error. */
const excerpt = (query: string, from: number): string => {
  const rest = query.slice(from).trim();
  return rest === '' ? 'at its end' : `at ${JSON.stringify(rest.length > 30 ? `${rest.slice(0, 30)}…` : rest)}`;
};

const syntax = (query: string, parts: readonly Part[]): Remark | undefined => {
  const error = parts.find(({ type }) => type.isError);
  if (error === undefined) return undefined;
  return (
    variableIn(query) ?? {
      rule: `is not PromQL ${excerpt(query, error.from)}`,
      todo: 'Try the query in Prometheus first.',
    }
  );
};

const isString = ({ name }: Part): boolean => name === 'StringLiteral';

/** Go's escape sequences, valid in PromQL strings in `"` and `'`. */
const escapes = (quote: string): RegExp =>
  new RegExp(String.raw`\\(?:[abfnrtv\\${quote}]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`, 'g');

const badEscape = (text: string): Remark | undefined => {
  const quote = text[0] ?? '';
  if (quote === '`') return undefined;
  const [wrong] = /\\./s.exec(text.replaceAll(escapes(quote), '')) ?? [];
  return wrong === undefined
    ? undefined
    : {
        rule: `has ${wrong} in the string ${text}`,
        todo: String.raw`In a string write \${wrong}, or put it in backticks.`,
      };
};

/** Only in matchers: elsewhere `$name` may be a capture group of label_replace. */
const variableInMatcher = (query: string, part: Part): Remark | undefined =>
  part.parent?.name.endsWith('LabelMatcher') === true ? variableIn(textOf(query, part)) : undefined;

const strings = (query: string, parts: readonly Part[]): readonly Remark[] =>
  parts.filter(isString).flatMap((part) => badEscape(textOf(query, part)) ?? variableInMatcher(query, part) ?? []);

const comparisons = ['Eql', 'Neq', 'Gtr', 'Gte', 'Lss', 'Lte'];
const wrappers = [
  'PromQL',
  'ParenExpr',
  'StepInvariantExpr',
  'OffsetExpr',
  'UnaryExpr',
  'SmoothedExpr',
  'AnchoredExpr',
];

/** The expression without parentheses and without offset or @ modifiers. */
const bare = (part: Part): Part => {
  let at = part;
  for (;;) {
    const inner = wrappers.includes(at.name)
      ? childrenOf(at).find(({ name }) => /Expr|Selector|Call|Literal/.test(name))
      : undefined;
    if (inner === undefined) return at;
    at = inner;
  }
};

/**
 * The comparison whose failure leaves the expression without a result. `or` and `bool` comparisons are exempt: they give a
 * result in any case.
 */
const filterOf = (part: Part): Part | undefined => {
  const expression = bare(part);
  if (expression.name !== 'BinaryExpr') return undefined;
  const parts = childrenOf(expression);
  const names = parts.map(({ name }) => name);
  const [left, right] = [parts[0], parts.at(-1)];
  if (names.some((name) => comparisons.includes(name))) return names.includes('BoolModifier') ? undefined : expression;
  if (left === undefined || right === undefined) return undefined;
  if (names.includes('Or')) return filterOf(left) === undefined ? undefined : filterOf(right);
  if (names.includes('Unless')) return filterOf(left);
  return filterOf(left) ?? filterOf(right);
};

const comparison = (query: string, top: Part): Remark | undefined => {
  const filter = filterOf(top);
  if (filter === undefined) return undefined;
  return {
    rule: `compares (${textOf(query, filter).slice(0, 60)}), and a comparison gives no series while it does not hold`,
    todo: 'Leave the comparison out and set min or max.',
  };
};

const notANumber: Readonly<Record<string, string>> = {
  MatrixSelector: 'gives a range of points and no number',
  SubqueryExpr: 'gives a range of points and no number',
  StringLiteral: 'gives a text and no number',
};

const value = (top: Part): Remark | undefined => {
  const rule = notANumber[bare(top).name];
  return rule === undefined ? undefined : { rule, todo: 'A range belongs into a function, such as sum(rate(…)).' };
};

/**
 * Remarks about a query with its placeholders filled in. Syntax comes first: an expression that does not parse has no
 * meaning to check.
 */
export const expressionRemarks = (query: string): readonly Remark[] => {
  const top = parse(query);
  const parts = [...partsOf(top)];
  const wrong = syntax(query, parts);
  if (wrong !== undefined) return [wrong];
  return [...strings(query, parts), ...[value(top), comparison(query, top)].filter((one) => one !== undefined)];
};
