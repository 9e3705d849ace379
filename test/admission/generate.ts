/**
 * Writes docs/admission.md. Run in the repository's root. With `--check` nothing is written: exit code 1 and the difference
 * where the committed page is not what the cases make.
 */
import { format, resolveConfig } from 'prettier';
import { writeGenerated } from '../../src/main/generate.ts';
import { givens, type GivenName } from './givens.ts';
import { admissionPage } from './page.ts';
import { table } from './table.ts';

const path = 'docs/admission.md';
const text = admissionPage({ rows: table, givenOf: (name) => givens[name as GivenName] });
const options = (await resolveConfig(path)) ?? {};
const page = { path, text: await format(text, { ...options, filepath: path }) };
process.exitCode = writeGenerated([page], process.argv.includes('--check'));
