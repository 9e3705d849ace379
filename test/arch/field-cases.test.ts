import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { fieldCasesPage, namedTests, strangers } from '../field-cases/page.ts';

const root = join(import.meta.dirname, '../..');

describe('docs/field-cases.md', () => {
  it('is what its cases and the names of the tests make', async () => {
    const said = await new Promise<string>((resolve) => {
      const args = [join(root, 'test/field-cases/generate.ts'), '--check'];
      execFile(process.execPath, args, { cwd: root }, (error, stdout, stderr) =>
        resolve(error === null ? '' : `${String(error.code)} ${stdout}${stderr}`),
      );
    });
    expect(said).toBe('');
  }, 60_000);

  const cases = { F1: { people: 'do a', sluice: 'does b' }, F2: { people: 'do c', sluice: 'does d' } };
  const input = (text: string) => ({ cases, tests: namedTests('test/e2e/a.test.ts', text), measured: {} });

  it('has a row for a case with a test, and none for one without', () => {
    const page = fieldCasesPage(input("it('F1: it works', …); it('F1a: also so')"));
    expect(page).toContain('| F1 | do a | does b | – | – | [a](../test/e2e/a.test.ts) |');
    expect(page).not.toContain('do c');
  });

  it('a test about a case that nobody has written down is named', () => {
    expect(strangers(input("it('F9: it works')"))).toEqual(['F9 in test/e2e/a.test.ts']);
  });
});
