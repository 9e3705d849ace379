import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoModuleRecipe, GoSourceRecipe } from './catalog.ts';
import { BUILD_WITHIN_MS, runOrFail, type RunOptions } from './run-command.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** The environment of a build. */
export type BuildContext = { readonly go: string; readonly env: Env; readonly signal: AbortSignal };

/** The generated module's go.mod, which requires the tool's module and repeats its replacements. */
export const renderGoMod = (recipe: Pick<GoModuleRecipe, 'module' | 'version' | 'replace'>): string => {
  const replace = Object.entries(recipe.replace).map(([path, version]) => `\t${path} => ${path} ${version}`);
  return [
    'module sluice.test/build',
    '',
    'go 1.26.0',
    '',
    `require ${recipe.module} ${recipe.version}`,
    ...(replace.length === 0 ? [] : ['', 'replace (', ...replace, ')']),
    '',
  ].join('\n');
};

/**
 * Arguments of `go build` for a small, reproducible binary (no local paths, no VCS stamp). The caller's env links it
 * statically.
 */
export const goBuildArgs = (out: string, main: string, stamp: Readonly<Record<string, string>>): string[] => {
  const stamps = Object.entries(stamp).map(([name, value]) => `-X ${name}=${value}`);
  const ldflags = ['-s', '-w', ...stamps].join(' ');
  return ['build', '-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', out, main];
};

// GOWORK and CGO_ENABLED would change the binary; the user's settings for module sources are kept.
const buildEnv = (env: Env): Env => ({ ...env, GOWORK: 'off', CGO_ENABLED: '0' });

const build = (go: string, args: readonly string[], options: RunOptions): Promise<string> =>
  runOrFail(go, args, { ...options, withinMs: BUILD_WITHIN_MS });

/** Builds one main package of a versioned module to `out`; `scratch` is a folder it may fill. */
export const buildGoModule = async (
  recipe: GoModuleRecipe,
  out: string,
  scratch: string,
  { go, env, signal }: BuildContext,
): Promise<void> => {
  const folder = join(scratch, 'module');
  await mkdir(folder);
  await writeFile(join(folder, 'go.mod'), renderGoMod(recipe));
  await build(go, goBuildArgs(out, recipe.main, recipe.stamp), { cwd: folder, env: buildEnv(env), signal });
};

/** Builds a folder of this repository to `out`. */
export const buildGoSource = async (
  recipe: GoSourceRecipe,
  out: string,
  root: string,
  { go, env, signal }: BuildContext,
): Promise<void> => {
  await build(go, goBuildArgs(out, '.', {}), { cwd: join(root, recipe.folder), env: buildEnv(env), signal });
};

/** A digest of the folder's Go sources without tests, as part of the cache key. */
export const digestGoSource = async (folder: string): Promise<string> => {
  const names = await readdir(folder, { recursive: true });
  const sources = names.filter((name) => /(\.go|go\.mod|go\.sum)$/.test(name) && !name.endsWith('_test.go')).sort();
  const hash = createHash('sha256');
  for (const name of sources) hash.update(`${name}\n`).update(await readFile(join(folder, name)));
  return hash.digest('hex');
};
