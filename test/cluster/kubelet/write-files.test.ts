import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFiles } from './write-files.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kubelet-launch-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('files of a volume', () => {
  const files = (values: Record<string, string>) =>
    new Map(Object.entries(values).map(([path, text]) => [path, { content: Buffer.from(text), mode: 0o644 }]));

  it('are swapped in one step, and what is gone from the object is gone', async () => {
    const at = join(dir, 'swapped');
    await writeFiles(at, files({ a: '1', 'sub/b': '2' }));
    const first = await readlink(join(at, '..data'));
    await writeFiles(at, files({ a: '3', c: '4' }));
    expect(await readFile(join(at, 'a'), 'utf8')).toBe('3');
    expect(await readlink(join(at, '..data'))).not.toBe(first);
    expect((await readdir(at)).filter((name) => !name.startsWith('..')).sort()).toEqual(['a', 'c']);
    expect(await readdir(at)).not.toContain(first);
  });
});
