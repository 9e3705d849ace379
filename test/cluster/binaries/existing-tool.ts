import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Existing, Tool } from './catalog.ts';
import type { Env } from './go-build.ts';
import { runCommand } from './run-command.ts';

/** Whether a program's version output is in the range. Unreadable output is not. */
export const versionFits = (output: string, { pattern, atLeast, below }: Existing): boolean => {
  const match = pattern.exec(output);
  if (match === null) return false;
  const version = [Number(match[1]), Number(match[2])] as const;
  return compare(version, atLeast) >= 0 && compare(version, below) < 0;
};

const compare = (a: readonly [number, number], b: readonly [number, number]): number => a[0] - b[0] || a[1] - b[1];

const executable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The path of `name` on the PATH of `env`, or undefined. */
export const onPath = async (name: string, env: Env): Promise<string | undefined> => {
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if (await executable(path)) return path;
  }
  return undefined;
};

/** An installed copy of the tool in a version known to work, or undefined. */
export const existingTool = async (tool: Tool, env: Env): Promise<string | undefined> => {
  const { existing } = tool;
  if (existing === undefined) return undefined;
  const assets = env['KUBEBUILDER_ASSETS'];
  const candidates = [
    existing.places.includes('kubebuilder-assets') && assets ? join(assets, tool.name) : undefined,
    existing.places.includes('path') ? await onPath(tool.name, env) : undefined,
  ];
  for (const path of candidates) {
    if (path !== undefined && (await executable(path)) && (await reportsFit(path, existing, env))) return path;
  }
  return undefined;
};

const reportsFit = async (path: string, existing: Existing, env: Env): Promise<boolean> => {
  try {
    const { stdout, stderr } = await runCommand(path, existing.args, { env });
    return versionFits(stdout + stderr, existing);
  } catch {
    return false;
  }
};
