import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { requestMetrics } from '../../core/judge/request-metrics.ts';
import { metricsOf } from '../../core/questions/selector.ts';
import { placeholders } from './query-text.ts';
import { literalPattern } from './promql.ts';
import { telemetrySelectors } from './telemetry-selectors.ts';

const page = readFileSync(new URL('../../../docs/checks.md', import.meta.url), 'utf8');
const lines = page.split('\n');
const rowOf = (name: string): string => lines.find((line) => line.startsWith(`| \`${name}\``)) ?? '';

describe('docs/checks.md', () => {
  it.each(Object.entries(telemetrySelectors))('names the series and labels of %s', (name, telemetry) => {
    const row = rowOf(name);
    for (const metric of [telemetry.requests, telemetry.durations])
      expect(row).toContain(`\`${metricsOf({ metric })[0] ?? ''}\``);
    for (const { common, workloadLabel } of telemetry.ways)
      for (const label of [workloadLabel, ...Object.keys(common('shop'))])
        expect(row).toMatch(new RegExp(`\`${label}[\`=]`));
  });

  it.each(requestMetrics)('has the names of $library', ({ library, requests, durations }) =>
    expect(lines).toContainEqual(
      expect.stringMatching(
        new RegExp(`^\\| ${literalPattern(library)} +\\| \`${requests}\` +\\| \`${durations}\` +\\|$`),
      ),
    ),
  );

  it('names every placeholder, and no other', () => {
    const named = lines.flatMap((line) => /^\| `\{\{(\w+)\}\}`/.exec(line)?.[1] ?? []);
    expect(named).toEqual([...placeholders]);
  });
});
