import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { givens } from '../admission/givens.ts';
import { table } from '../admission/table.ts';

const root = join(import.meta.dirname, '../..');
const check = (cwd: string): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'test/admission/generate.ts'), '--check'],
      { cwd },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    );
  });

it('docs/admission.md is what its cases make, and a difference is told', async () => {
  expect(await check(root)).toEqual({ code: 0, said: '' });
  const elsewhere = mkdtempSync(join(tmpdir(), 'sluice-page-'));
  try {
    mkdirSync(join(elsewhere, 'docs'));
    const page = readFileSync(join(root, 'docs/admission.md'), 'utf8');
    writeFileSync(join(elsewhere, 'docs/admission.md'), page.replace('exit code 0', 'exit code 7'));
    writeFileSync(join(elsewhere, '.prettierrc.json'), readFileSync(join(root, '.prettierrc.json')));
    expect(await check(elsewhere)).toMatchObject({ code: 1, said: expect.stringMatching(/^- .*exit code 7/m) });
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
}, 60_000);

it('no two cases of a row have one name, and every beginning is used', () => {
  const names = table.flatMap(({ row, cases }) => cases.map(({ name }) => `${row}: ${name}`));
  expect(names).toEqual([...new Set(names)]);
  const used = new Set(table.flatMap(({ cases }) => cases.map(({ given }) => given)));
  expect(Object.keys(givens).filter((name) => !used.has(name as keyof typeof givens))).toEqual([]);
});
