import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from './file-lock.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `$SLUICE_CACHE`, else `$XDG_CACHE_HOME/sluice`, else `~/.cache/sluice`. Throws when none of the three can be told. */
export const cacheRoot = (env: Env): string => {
  if (env['SLUICE_CACHE']) return env['SLUICE_CACHE'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'sluice');
  if (env['HOME']) return join(env['HOME'], '.cache', 'sluice');
  throw new Error('no place for the cache of test binaries: set SLUICE_CACHE (or HOME)');
};

/** `<name>-<version>-<12 hex of the recipe>`: a changed recipe never meets a binary made by the old one. */
export const cacheKey = (name: string, version: string, recipe: unknown): string => {
  const text = JSON.stringify(recipe, (_key, value: unknown) => (value instanceof RegExp ? value.source : value));
  return `${name}-${version}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * The cache entry's folder, filled by `make` when it is not there yet. `make` works in a scratch folder and puts what is
 * to be kept below the folder it is given; only a complete entry ever gets its final name. Two processes that want the
 * same entry build it once: the second waits for the first. Leftovers of a killed build are swept by the next one.
 */
export const cached = async (
  root: string,
  key: string,
  make: (entry: string, scratch: string) => Promise<void>,
): Promise<string> => {
  const final = join(root, key);
  if (await exists(final)) return final;
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
