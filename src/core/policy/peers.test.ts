/** Every `steps`, `blueGreen` and `analysis` block that users of other tools have published: taken, or refused with the reason. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { sentence } from '../../values/problem.ts';
import type { JsonObject } from '../../values/kube-object.ts';
import { sourceForms } from '../../metrics/index.ts';
import { parsePolicySpec } from './parse-policy.ts';

/** Beside the checkout; not part of it. */
const folder = process.env['SLUICE_PEERS'] ?? join(import.meta.dirname, '../../../../shared/cases/peers');

type Block = { readonly file: string; readonly at: string; readonly spec: JsonObject };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const blocksIn = (file: string, value: unknown, at = ''): readonly Block[] => {
  if (Array.isArray(value)) return value.flatMap((item, i) => blocksIn(file, item, `${at}[${i}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]): readonly Block[] => {
    const place = `${at}.${key}`;
    const rest = blocksIn(file, inner, place);
    if (place.startsWith('.status')) return [];
    if (key === 'steps' && Array.isArray(inner)) return [{ file, at: place, spec: { steps: inner as never } }, ...rest];
    if (key === 'blueGreen' && isObject(inner))
      return [{ file, at: place, spec: { blueGreen: inner as never } }, ...rest];
    const isAnalysis = (key === 'analysis' || key === 'canaryAnalysis') && isObject(inner);
    if (!isAnalysis) return rest;
    return [{ file, at: place, spec: (at.endsWith('canary') ? { analysis: inner } : inner) as never }, ...rest];
  });
};

const blocks = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .flatMap((file) =>
        parseAllDocuments(readFileSync(join(folder, file), 'utf8')).flatMap((document) =>
          'errors' in document && document.errors.length === 0 ? blocksIn(file, document.toJS() as unknown) : [],
        ),
      )
  : [];

const answer = ({ spec }: Block): readonly string[] => {
  const parsed = parsePolicySpec(spec, { forms: sourceForms });
  return parsed.ok ? [] : parsed.problems.map(sentence);
};

/** Words for what has no counterpart; anything else that is refused would be a fault of the parser. */
const reasons =
  /AnalysisTemplates|Flagger's name for checks|is not possible here|which Sluice does not have|is a block of another tool|must be one kind of step|names a Service|is a Service that Sluice does not change|must not fall|must not be set together|has no meaning here|must have stepWeight|must be the only one|lasts|would overload/;

const isThere = existsSync(folder);

const suite = (): void => {
  it('is there', () => expect(blocks.length).toBeGreaterThan(60));

  it.each(blocks.map((block) => [`${block.file} ${block.at}`, block] as const))('%s', (_, block) => {
    const unexplained = answer(block).filter((problem) => !reasons.test(problem));
    expect(unexplained).toEqual([]);
  });

  it('most lists of steps are taken as they are', () => {
    const lists = blocks.filter(({ at }) => at.endsWith('.steps'));
    const taken = lists.filter((block) => answer(block).length === 0);
    expect(taken.length).toBeGreaterThan(lists.length / 2);
  });
};

// A list of no cases is an error to jest, so nothing is declared where the files are not.
if (isThere) describe('what other tools call a plan', suite);
else
  it.skip('what other tools call a plan (skipped: the files of their users are not beside this checkout)', () =>
    undefined);
