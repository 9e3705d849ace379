/**
 * Writes docs/field-cases.md. Run in the repository's root. With `--check` nothing is written: exit code 1 and the difference
 * where the committed page is not what cases and tests make.
 */
import { globSync, readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { writeGenerated } from '../../src/main/generate.ts';
import { fieldCases } from './cases.ts';
import { measured } from './measured.ts';
import { fieldCasesPage, namedTests, strangers } from './page.ts';

const path = 'docs/field-cases.md';
const root = import.meta.dirname.replace(/test\/field-cases$/, '');
const files = globSync('{src,test}/**/*.test.ts', { cwd: root })
  .filter((file) => !file.startsWith('test/arch/'))
  .sort();
const tests = files.flatMap((file) => namedTests(file, readFileSync(`${root}${file}`, 'utf8')));
const input = { cases: fieldCases, tests, measured: measured() };
const unknown = strangers(input);
const page = {
  path,
  text: await format(fieldCasesPage(input), { ...((await resolveConfig(path)) ?? {}), filepath: path }),
};
for (const one of unknown)
  process.stderr.write(`no case has this id: ${one}; write it into test/field-cases/cases.ts\n`);
process.exitCode = unknown.length > 0 ? 1 : writeGenerated([page], process.argv.includes('--check'));
