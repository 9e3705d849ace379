import { runCommand } from './binaries/run-command.ts';

/**
 * Every cluster has its own network, mount and PID namespace: all clusters use the same addresses, no packet can leave,
 * and when the namespace's first process dies, the kernel kills all others. `user`: created without root rights; the
 * user is root inside.
 */
export type NamespaceMode = 'root' | 'user';

const asUser = (mode: NamespaceMode, flags: readonly string[]): readonly string[] => (mode === 'user' ? flags : []);

/** Arguments of `unshare` up to the command. Killing `unshare` itself kills the namespace too. */
export const unshareArgs = (mode: NamespaceMode): string[] => [
  ...asUser(mode, ['--user', '--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
];

/** Arguments of `nsenter` up to the command, for the namespaces of the process `pid`. */
export const nsenterArgs = (mode: NamespaceMode, pid: number): string[] => [
  ...['--target', String(pid)],
  ...asUser(mode, ['--user', '--preserve-credentials']),
  ...['--net', '--mount', '--pid', '--'],
];

/** How namespaces can be created on this host: as root, as a user, or (undefined) not at all. */
export const namespaceMode = async (): Promise<NamespaceMode | undefined> => {
  const candidates: readonly NamespaceMode[] = process.getuid?.() === 0 ? ['root', 'user'] : ['user'];
  for (const mode of candidates) {
    const works = await runCommand('unshare', [...unshareArgs(mode), 'true']).then(
      ({ code }) => code === 0,
      () => false,
    );
    if (works) return mode;
  }
  return undefined;
};

/**
 * The namespace's first process. It runs the supervisor and reaps orphans; when the supervisor has ended, for any
 * reason, it kills the remaining processes and removes the cluster's folder.
 */
export const INIT_SCRIPT = [
  '"$@"',
  'code=$?',
  'kill -KILL -1',
  'for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$SLUICE_CLUSTER_DIR" && break; sleep 0.1; done',
  'rmdir "${SLUICE_CLUSTER_DIR%/*}" 2>/dev/null',
  'exit $code',
].join('\n');

/** The control plane's address, and a pod network whose addresses are all local. */
export const CONTROL_PLANE_ADDRESS = '10.244.0.1';
export const POD_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';

/**
 * The commands that set up the network, run inside. Pods need their own addresses: EndpointSlices refuse loopback
 * addresses.
 */
export const NETWORK_SETUP: readonly (readonly string[])[] = [
  ['link', 'set', 'lo', 'up'],
  ['addr', 'add', `${CONTROL_PLANE_ADDRESS}/16`, 'dev', 'lo'],
  ['route', 'add', 'local', SERVICE_CIDR, 'dev', 'lo'],
];
