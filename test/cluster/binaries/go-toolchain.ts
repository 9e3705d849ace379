import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from './catalog.ts';
import { cached, cacheKey } from './cache.ts';
import type { Env } from './go-build.ts';
import { inTime } from '../in-time.ts';
import { DOWNLOAD_WITHIN_MS, runCommand, runOrFail } from './run-command.ts';

/** The official Go archive, used if no Go is installed, with its published digests. */
export const GO_ARCHIVE = {
  version: '1.26.0',
  base: 'https://go.dev/dl',
  files: {
    x64: { name: 'linux-amd64', sha256: 'aac1b08a0fb0c4e0a7c1555beb7b59180b05dfc5a3d62e40e9de90cd42f88235' },
    arm64: { name: 'linux-arm64', sha256: 'bd03b743eb6eb4193ea3c3fd3956546bf0e3ca5b7076c8226334afe6b75704cd' },
  },
} as const;

/**
 * Whether an installed Go can build the tools. Since 1.21, `go` fetches the toolchain that a go.mod requires, unless
 * GOTOOLCHAIN forbids it.
 */
export const goIsUsable = (version: string, toolchain: string): boolean => {
  const match = /go(\d+)\.(\d+)/.exec(version);
  if (match === null) return false;
  const minor = Number(match[1]) > 1 ? Number.MAX_SAFE_INTEGER : Number(match[2]);
  return minor >= 26 || (minor >= 21 && toolchain !== 'local');
};

/** The `go` on PATH if it is usable, or undefined. */
export const installedGo = async (env: Env): Promise<string | undefined> => {
  try {
    // Run outside this repository, since a go.mod in the current folder may request another toolchain.
    const answer = await runCommand('go', ['env', 'GOVERSION', 'GOTOOLCHAIN'], { env, cwd: '/' });
    const [version = '', toolchain = ''] = answer.stdout.split('\n');
    return answer.code === 0 && goIsUsable(version, toolchain.trim()) ? 'go' : undefined;
  } catch {
    return undefined;
  }
};

/** Downloads the official archive into the cache, checks its digest and returns the path of `go` in it. */
export const downloadGo = async (
  root: string,
  arch: Arch,
  signal: AbortSignal,
  archive: {
    version: string;
    base: string;
    files: Readonly<Record<Arch, { name: string; sha256: string }>>;
  } = GO_ARCHIVE,
): Promise<string> => {
  const file = archive.files[arch];
  const entry = await cached(root, cacheKey('go', archive.version, file), async (folder, scratch) => {
    const url = `${archive.base}/go${archive.version}.${file.name}.tar.gz`;
    const body = await download(url, signal);
    checkDigest(url, body, file.sha256);
    const path = join(scratch, 'go.tar.gz');
    await writeFile(path, body);
    await runOrFail('tar', ['-xzf', path, '-C', folder], { signal });
  });
  return join(entry, 'go', 'bin', 'go');
};

const download = (url: string, signal: AbortSignal): Promise<Buffer> =>
  inTime(
    url,
    (late) => fetch(url, { signal: AbortSignal.any([signal, late]) }).then((answer) => bytesOf(url, answer)),
    {
      withinMs: DOWNLOAD_WITHIN_MS,
    },
  );

const bytesOf = async (url: string, answer: Response): Promise<Buffer> => {
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
};

const checkDigest = (what: string, body: Buffer, expected: string): void => {
  const actual = createHash('sha256').update(body).digest('hex');
  if (actual !== expected) throw new Error(`${what}: SHA-256 is ${actual}, expected ${expected}; nothing was kept`);
};

/** Throws unless the file has that SHA-256 (hex). */
export const checkFileDigest = async (path: string, expected: string): Promise<void> => {
  checkDigest(path, await readFile(path), expected);
};
