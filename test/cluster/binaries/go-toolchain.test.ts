import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from '../listen.ts';
import { downloadGo, goIsUsable } from './go-toolchain.ts';
import { runOrFail } from './run-command.ts';

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('the Go toolchain', () => {
  test.each([
    ['go1.26.0', 'auto', true],
    ['go1.27.1', 'local', true],
    ['go1.22.3', 'auto', true],
    ['go1.22.3', 'local', false],
    ['go1.19.8', '', false],
    ['', '', false],
  ])('%s with GOTOOLCHAIN=%s: usable %s', (version, toolchain, expected) => {
    expect(goIsUsable(version, toolchain)).toBe(expected);
  });

  const serve = async (body: Buffer) => {
    const server = createServer((_request, response) => response.end(body));
    const base = `http://127.0.0.1:${await listen(server)}`;
    return { base, close: () => server.close() };
  };

  test('the official archive is unpacked when its digest is right, and not kept when it is wrong', async () => {
    await mkdir(join(scratch, 'src', 'go', 'bin'), { recursive: true });
    await writeFile(join(scratch, 'src', 'go', 'bin', 'go'), 'a toolchain');
    await runOrFail('tar', ['-czf', join(scratch, 'go.tar.gz'), '-C', join(scratch, 'src'), 'go']);
    const body = await readFile(join(scratch, 'go.tar.gz'));
    const sha256 = (await runOrFail('sha256sum', [join(scratch, 'go.tar.gz')])).split(' ')[0]!;
    const server = await serve(body);
    const { signal } = new AbortController();
    const archive = (digest: string) => {
      const file = { name: 'linux-any', sha256: digest };
      return { version: '1.26.0', base: server.base, files: { x64: file, arm64: file } };
    };
    await expect(downloadGo(join(scratch, 'c'), 'x64', signal, archive('0'.repeat(64)))).rejects.toThrow(
      /nothing was kept/,
    );
    expect(await readdir(join(scratch, 'c'))).toEqual(['tmp']);
    const go = await downloadGo(join(scratch, 'c'), 'x64', signal, archive(sha256));
    expect(await readFile(go, 'utf8')).toBe('a toolchain');
    server.close();
  });
});
