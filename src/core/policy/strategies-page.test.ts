/** docs/strategies.md is read by the parser: what stands there works. */
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { sourceForms } from '../../metrics/index.ts';
import { sentence } from '../../values/problem.ts';
import type { KubeObject } from '../../values/kube-object.ts';
import { stepKinds } from '../../schema/steps.ts';
import { parsePolicySpec } from './parse-policy.ts';

const page = readFileSync(new URL('../../../docs/strategies.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, text = '']) => parse(text) as KubeObject);

it('has an example of each strategy', () => expect(examples.length).toBeGreaterThanOrEqual(6));

it.each(examples.map((example) => [example.metadata.name, example] as const))('%s is taken', (_, { spec }) => {
  const parsed = parsePolicySpec(spec, { forms: sourceForms });
  expect(parsed.ok ? [] : parsed.problems.map(sentence)).toEqual([]);
});

it('has a row for every kind of step', () => {
  const rows = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, kind]) => kind);
  expect(rows.sort()).toEqual([...stepKinds].sort());
});
