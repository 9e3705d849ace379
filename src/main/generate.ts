/**
 * Writes all generated files: CRDs, the chart's roles and webhook configurations, the reference docs. Run it in the
 * repository's root. With `--check` it writes nothing, prints the differences and exits with 1 if a committed file is
 * stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { settingsPage } from '../config/render-settings.ts';
import { metricsTable } from '../telemetry/metric-definitions.ts';
import { trafficProviders } from '../traffic/index.ts';
import { workedKinds } from './worked-kinds.ts';
import { chartRoles } from '../manifests/chart-roles.ts';
import { chartWebhooks } from '../manifests/chart-webhooks.ts';
import { crds } from '../manifests/crds.ts';
import { difference } from '../manifests/difference.ts';
import { providersPage } from '../manifests/providers-page.ts';
import { annotationsPage, policyPage, releasePage } from '../manifests/reference-docs.ts';

export type GeneratedFile = { readonly path: string; readonly text: string };

const notice = 'Made by `npm run generate`; edit the declarations in src, not this file.';
const yaml = (path: string, value: unknown): GeneratedFile => ({
  path,
  text: `# ${notice}\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`,
});
const template = (path: string, text: string): GeneratedFile => ({ path, text: `{{- /* ${notice} */ -}}\n${text}` });
const doc = (name: string, text: string): GeneratedFile => ({
  path: `docs/reference/${name}.md`,
  text: `<!-- ${notice} -->\n\n${text}`,
});

const providerRows = Object.entries(trafficProviders).map(([name, { can, uses }]) => ({ name, ...can, uses }));

/** Every generated file, by its path from the repository's root. */
export const generated = (): readonly GeneratedFile[] => [
  ...crds().map((crd) => yaml(`charts/sluice/crds/${crd.metadata.name}.yaml`, crd)),
  template('charts/sluice/templates/_roles.tpl', chartRoles(workedKinds)),
  template('charts/sluice/templates/webhook-configurations.yaml', chartWebhooks(workedKinds)),
  doc('annotations', annotationsPage()),
  doc('canarypolicy', policyPage()),
  doc('providers', providersPage(providerRows)),
  doc('release', releasePage()),
  doc('settings', settingsPage()),
  doc('metrics', `# Metrics\n\n${metricsTable()}`),
];

const committed = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};

/** Updates the files, or prints the differences. Returns the exit code. */
export const writeGenerated = (files: readonly GeneratedFile[], checkOnly: boolean): number => {
  const stale = files.filter(({ path, text }) => committed(path) !== text);
  for (const { path, text } of stale) {
    if (checkOnly) {
      process.stdout.write(`${path} is out of date with its declarations:\n${difference(committed(path), text)}\n`);
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      process.stdout.write(`wrote ${path}\n`);
    }
  }
  return checkOnly && stale.length > 0 ? 1 : 0;
};

if (import.meta.main) process.exitCode = writeGenerated(generated(), process.argv.includes('--check'));
