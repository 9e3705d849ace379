import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { generated } from '../../src/main/generate.ts';
import { difference } from '../../src/manifests/difference.ts';

const files = generated();
const below = (folder: string): readonly string[] => readdirSync(folder).map((name) => `${folder}/${name}`);

type Ended = { readonly code: number; readonly stdout: string };
const script = join(import.meta.dirname, '../../src/main/generate.ts');
const generate = (cwd: string, ...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [script, ...args], { cwd }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout: stdout + stderr });
      else reject(error ?? new Error('no exit code'));
    });
  });

describe('generated files', () => {
  it('have no key or value that Helm, which reads YAML 1.1, takes for a boolean', () => {
    for (const { path, text } of files.filter((file) => file.path.endsWith('.yaml')))
      expect([path, /^[ -]*(?:on|off|yes|no|y|n):? *$|: (?:on|off|yes|no|y|n)$/im.exec(text)?.[0]]).toEqual([
        path,
        undefined,
      ]);
  });

  it.each(files)('$path is what its declarations make', ({ path, text }) => {
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('are all there is in the folder of the CRDs', () => {
    const made = new Set(files.map(({ path }) => path));
    expect(below('charts/sluice/crds').filter((path) => !made.has(path))).toEqual([]);
  });

  it('hold nothing of a schema but what the API server knows', () => {
    const crds = files.filter(({ path }) => path.includes('/crds/'));
    expect(crds).toHaveLength(3);
    for (const { text } of crds)
      expect(text).not.toMatch(/holds|onUpdate|additionalProperties: false|propertyNames|\btodo\b|=>/);
  });
});

describe('the generator', () => {
  it('writes what is missing, and then finds nothing to say', async () => {
    const root = mkdtempSync(join(tmpdir(), 'sluice-generate-'));
    try {
      const missing = await generate(root, '--check');
      expect(missing.code).toBe(1);
      expect(missing.stdout).toContain('+ kind: CustomResourceDefinition');
      expect(await generate(root)).toMatchObject({ code: 0, stdout: expect.stringContaining('wrote docs/reference/') });
      expect(await generate(root, '--check')).toEqual({ code: 0, stdout: '' });
    } finally {
      rmSync(root, { recursive: true });
    }
  }, 60_000);

  it.each([
    ['a\nb\nc', 'a\nx\nc', '@@ line 2 @@\n- b\n+ x'],
    ['', 'a\n', '@@ line 1 @@\n+ a'],
    ['a\na\n', 'a\n', '@@ line 2 @@\n- a'],
    ['a\n', 'a\na\n', '@@ line 2 @@\n+ a'],
  ])('shows the difference of %j and %j', (before, after, expected) => {
    expect(difference(before, after)).toBe(expected);
  });
});
