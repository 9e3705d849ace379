import { mkdir, mkdtemp, readlink, readdir, rename, rm, symlink, writeFile, chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from './volume-files.ts';

const CURRENT = '..data';

/**
 * Replaces a volume's content atomically, with the real kubelet's layout (`file` → `..data/file`, `..data` → a
 * directory that is swapped), because programs that reload certificates and configuration watch for that swap.
 */
export async function writeFiles(dir: string, files: Files): Promise<void> {
  await mkdir(dir, { recursive: true });
  const before = await readlink(join(dir, CURRENT)).catch(() => undefined);
  const fresh = await mkdtemp(join(dir, '..v'));
  await chmod(fresh, 0o755);
  for (const [path, file] of files) {
    await mkdir(dirname(join(fresh, path)), { recursive: true });
    await writeFile(join(fresh, path), file.content, { mode: file.mode });
  }
  await link(join(dir, CURRENT), fresh.slice(dir.length + 1));
  const tops = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  for (const top of tops) await link(join(dir, top), join(CURRENT, top));
  for (const name of await readdir(dir)) if (!name.startsWith('..') && !tops.has(name)) await rm(join(dir, name));
  if (before !== undefined) await rm(join(dir, before), { recursive: true, force: true });
}

async function link(at: string, to: string): Promise<void> {
  if ((await readlink(at).catch(() => undefined)) === to) return;
  await rm(`${at}.new`, { force: true });
  await symlink(to, `${at}.new`);
  await rename(`${at}.new`, at);
}
