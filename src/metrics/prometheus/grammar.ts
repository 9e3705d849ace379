/** Prometheus' own grammar. Read when the first query comes: most processes never see one, and it takes 16 MB. */
import { createRequire } from 'node:module';
import type * as Grammar from '@prometheus-io/lezer-promql';

const load = createRequire(import.meta.url);
let grammar: typeof Grammar | undefined;

/** A part of a query. */
export type Part = ReturnType<(typeof Grammar)['parser']['parse']>['topNode'];

/** The query as a tree. It has parts that are errors where the query is none. */
export const parse = (query: string): Part => {
  grammar ??= load('@prometheus-io/lezer-promql') as typeof Grammar;
  return grammar.parser.parse(query).topNode;
};

/** Every part, a parent before its children. Does not recurse: a query may be nothing but brackets. */
export const partsOf = function* (top: Part): Generator<Part> {
  const cursor = top.cursor();
  do yield cursor.node;
  while (cursor.next());
};

/** The parts right below. */
export const childrenOf = (part: Part): readonly Part[] => {
  const found: Part[] = [];
  for (let child = part.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
};
