/** Prometheus' own grammar. Loaded with the first query, because it takes 16 MB and most processes never need it. */
import { createRequire } from 'node:module';
import type * as Grammar from '@prometheus-io/lezer-promql';

const load = createRequire(import.meta.url);
let grammar: typeof Grammar | undefined;

/** A part of a query. */
export type Part = ReturnType<(typeof Grammar)['parser']['parse']>['topNode'];

/** Parses a query to a syntax tree. Syntax errors become error nodes in the tree. */
export const parse = (query: string): Part => {
  grammar ??= load('@prometheus-io/lezer-promql') as typeof Grammar;
  return grammar.parser.parse(query).topNode;
};

/** Every node, a parent before its children. Iterative, because a query of nothing but parentheses would overflow the stack. */
export const partsOf = function* (top: Part): Generator<Part> {
  const cursor = top.cursor();
  do yield cursor.node;
  while (cursor.next());
};

/** The direct children of a node. */
export const childrenOf = (part: Part): readonly Part[] => {
  const found: Part[] = [];
  for (let child = part.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
};
