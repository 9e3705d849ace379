/** docs/field-cases.md, from the cases, the names of the tests and what was measured. Pure. */
import type { FieldCase } from './cases.ts';

/** Requests that callers lost, of how many, while the same write was rolled out both ways. */
export type Measured = {
  readonly sluice: { readonly lost: number; readonly requests: number };
  readonly native: { readonly lost: number; readonly requests: number };
};

export type NamedTest = { readonly file: string; readonly id: string; readonly title: string };

export type PageInput = {
  readonly cases: Readonly<Record<string, FieldCase>>;
  readonly tests: readonly NamedTest[];
  readonly measured: Readonly<Record<string, Measured>>;
};

const title = /(['"`])([A-Z]\d+)[a-z]?: ([^\n]*?)\1/g;

/** Tests of a file whose names begin with the id of a case (`F5a: …` is about F5). */
export const namedTests = (file: string, text: string): readonly NamedTest[] =>
  [...text.matchAll(title)].map(([, , id = '', words = '']) => ({ file, id, title: words }));

/** Ids in the names of tests that no case has. */
export const strangers = ({ cases, tests }: PageInput): readonly string[] => [
  ...new Set(tests.filter(({ id }) => cases[id] === undefined).map(({ id, file }) => `${id} in ${file}`)),
];

const lost = ({ lost: count, requests }: Measured['sluice']): string => `${count} of ${requests}`;

const link = (file: string): string => `[${file.replace(/^.*\//, '').replace('.test.ts', '')}](../${file})`;

const row = (id: string, one: FieldCase, { tests, measured }: PageInput): string => {
  const own = tests.filter((test) => test.id === id);
  const files = [...new Set(own.map(({ file }) => file))].sort();
  const numbers = measured[id];
  const counted = numbers === undefined ? '–' : `${lost(numbers.sluice)}; natively ${lost(numbers.native)}`;
  return `| ${id} | ${one.people} | ${one.sluice} | ${one.native ?? '–'} | ${counted} | ${files.map(link).join(', ')} |`;
};

const order = (id: string): string => id.slice(0, 1) + id.slice(1).padStart(3, '0');

export const fieldCasesPage = (input: PageInput): string => {
  const shown = Object.entries(input.cases)
    .filter(([id]) => input.tests.some((test) => test.id === id))
    .sort(([a], [b]) => order(a).localeCompare(order(b)));
  return `# What people really do

Each row is something that people did to Deployments under progressive delivery, and what Sluice does then. This page is generated: a row is here because tests whose names begin with its id pass. Where the same write was rolled out twice under live requests, once with Sluice and once natively, the failed requests of one run are beside each other. Tests under test/e2e and test/integration run on real clusters; those under src are tables, or run on the cluster in memory.

| case | people | Sluice | a native rollout | failed requests | tests |
| --- | --- | --- | --- | --- | --- |
${shown.map(([id, one]) => row(id, one, input)).join('\n')}
`;
};
