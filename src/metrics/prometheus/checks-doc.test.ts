import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { placeholders } from './query-text.ts';
import { selectorText } from './promql.ts';
import { telemetrySelectors } from './telemetry-selectors.ts';

const page = readFileSync(new URL('../../../docs/checks.md', import.meta.url), 'utf8');
const lines = page.split('\n');
const rowOf = (name: string): string => lines.find((line) => line.startsWith(`| \`${name}\``)) ?? '';

describe('docs/checks.md', () => {
  it.each(Object.entries(telemetrySelectors))('names the series and labels of %s', (name, telemetry) => {
    const row = rowOf(name);
    expect(row).toContain(`\`${telemetry.requests}\``);
    expect(row).toContain(`\`${telemetry.durations}\``);
    const text = selectorText({ metric: 'm', where: telemetry.common('shop') });
    const labels = [telemetry.workloadLabel, ...[...text.matchAll(/(\w+)=/g)].map(([, label]) => label)];
    for (const label of labels) expect(row).toMatch(new RegExp(`\`${label}[\`=]`));
  });

  it('names every placeholder, and no other', () => {
    const named = lines.flatMap((line) => /^\| `\{\{(\w+)\}\}`/.exec(line)?.[1] ?? []);
    expect(named).toEqual([...placeholders]);
  });
});
