import { createHash } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, rename, rm, stat, readdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { withFileLock } from './file-lock.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `$SLUICE_CACHE`, or `$XDG_CACHE_HOME/sluice`, or `~/.cache/sluice`. Throws if none of the variables is set. */
export const cacheRoot = (env: Env): string => {
  if (env['SLUICE_CACHE']) return env['SLUICE_CACHE'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'sluice');
  if (env['HOME']) return join(env['HOME'], '.cache', 'sluice');
  throw new Error('no place for the cache of test binaries: set SLUICE_CACHE (or HOME)');
};

/** `<name>-<version>-<12 hex digits of the recipe>`: a changed recipe never reuses a binary of the old one. */
export const cacheKey = (name: string, version: string, recipe: unknown): string => {
  const text = JSON.stringify(recipe, (_key, value: unknown) => (value instanceof RegExp ? value.source : value));
  return `${name}-${version}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const canBeWritten = async (root: string): Promise<boolean> => {
  try {
    await mkdir(join(root, 'tmp'), { recursive: true });
    await access(join(root, 'tmp'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/** Beside a cache that is readable only, shared by users: what is missing there is made here. */
export const ownRoot = (root: string): string =>
  join(tmpdir(), `sluice-cache-${userInfo().uid}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`);

/** Where an entry is, or will be: in the cache, or in one of this user's beside a cache that is readable only. */
export const cachePlace = async (root: string, key: string): Promise<string> => {
  const shared = join(root, key);
  if ((await exists(shared)) || (await canBeWritten(root))) return shared;
  return join(ownRoot(root), key);
};

/**
 * The folder of a cache entry, which `make` fills if it does not exist. `make` works in a scratch folder and puts its
 * results below the folder it is given; only a complete entry gets its final name. If two processes want the same
 * entry, the second waits for the first. The next build removes the leftovers of a killed one.
 */
export const cached = async (
  shared: string,
  key: string,
  make: (entry: string, scratch: string) => Promise<void>,
): Promise<string> => {
  const final = await cachePlace(shared, key);
  if (await exists(final)) return final;
  const root = dirname(final);
  await mkdir(join(root, 'tmp'), { recursive: true });
  return withFileLock(join(root, 'tmp', `${key}.lock`), async () => {
    if (await exists(final)) return final;
    await sweep(root, key);
    const scratch = await mkdtemp(join(root, 'tmp', `${key}.`));
    try {
      const entry = join(scratch, 'entry');
      await mkdir(entry);
      await make(entry, scratch);
      await rename(entry, final);
    } finally {
      await removeTree(scratch);
    }
    return final;
  });
};

const sweep = async (root: string, key: string): Promise<void> => {
  const names = await readdir(join(root, 'tmp'));
  const stale = names.filter((name) => name.startsWith(`${key}.`) && !name.endsWith('.lock'));
  await Promise.all(stale.map((name) => removeTree(join(root, 'tmp', name))));
};

// A build that was just killed may still be writing its last file.
const removeTree = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 10 });
