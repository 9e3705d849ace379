import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Env } from './container-env.ts';
import type { Launch } from './container-process.ts';
import type { PodFacts } from './downward.ts';
import { resolveImage } from './image.ts';
import type { Container, Volume, VolumeMount } from './kube-types.ts';
import type { NodeContext } from './node-context.ts';
import type { PodVolumes } from './pod-volumes.ts';
import { parseQuantity } from './quantity.ts';

/** A pod's directories on this host. */
export interface PodDirs {
  /** Logs, one file per container; kept after the pod is gone. */
  readonly logs: string;
  /** Everything else; removed with the pod. */
  readonly own: string;
}

export interface LaunchSite {
  readonly node: NodeContext;
  readonly dirs: PodDirs;
  readonly volumes: PodVolumes;
  readonly facts: () => PodFacts;
}

const TOKEN_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Whether a container's volumes are mounted at their paths. A mount namespace takes a few ms, so the test application,
 * which never reads its token, gets one only if it has other volumes.
 */
export function isMounted(container: Container, canMount: boolean): boolean {
  const mounts = container.volumeMounts ?? [];
  if (!canMount || mounts.length === 0) return false;
  return resolveImage(container.image).kind === 'host' || mounts.some((each) => each.mountPath !== TOKEN_DIR);
}

/** The file from which a container's termination message is read. */
export function messageFile(dirs: PodDirs, container: string): string {
  return join(dirs.own, container, 'termination-log');
}

/**
 * The start of a container's environment. Of this process's own environment it contains only PATH: a kubeconfig, for
 * instance, would make every pod an administrator.
 */
export function baseEnv(container: Container, site: LaunchSite): Env {
  const { node, dirs, facts } = site;
  const { server } = node.api.access;
  const { metadata } = facts().pod;
  const image = resolveImage(container.image);
  const app = {
    APP_VERSION: image.kind === 'app' ? image.version : '',
    POD_IP: facts().podIP,
    POD_NAME: metadata.name,
    POD_NAMESPACE: metadata.namespace ?? '',
  };
  const mounted = isMounted(container, node.canMount);
  const messagePath = container.terminationMessagePath ?? '/dev/termination-log';
  return {
    PATH: [node.binDir, process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter),
    HOME: join(dirs.own, container.name),
    HOSTNAME: metadata.name,
    KUBERNETES_SERVICE_HOST: server.hostname.replace(/^\[|\]$/g, ''),
    KUBERNETES_SERVICE_PORT: server.port === '' ? '443' : server.port,
    KUBERNETES_SERVICE_PORT_HTTPS: server.port === '' ? '443' : server.port,
    TERMINATION_MESSAGE_PATH: mounted ? messagePath : messageFile(dirs, container.name),
    ...Object.fromEntries(mountsOf(container, site).map(({ mount, source }) => [mountVariable(mount), source])),
    ...(image.kind === 'app' ? app : {}),
    ...(mounted ? {} : kubeconfigEnv(container, site)),
  };
}

/** Prepares a container's directory and files, and returns how to start it. */
export async function prepareLaunch(
  container: Container,
  argv: readonly string[],
  env: Env,
  site: LaunchSite,
): Promise<Launch> {
  const { dirs, node } = site;
  const own = join(dirs.own, container.name);
  const scratch = join(own, 'scratch');
  await mkdir(scratch, { recursive: true });
  await mkdir(dirs.logs, { recursive: true });
  await writeFile(messageFile(dirs, container.name), '');
  const mounts = isMounted(container, node.canMount)
    ? [
        ...mountsOf(container, site).map(({ mount, source }) => ({ source, target: mount.mountPath })),
        {
          source: messageFile(dirs, container.name),
          target: container.terminationMessagePath ?? '/dev/termination-log',
        },
      ]
    : [];
  if (env['KUBECONFIG'] === kubeconfigPath(container, site)) await writeKubeconfig(container, site);
  const limit = parseQuantity(container.resources?.limits?.['memory'] ?? '');
  return {
    argv,
    env,
    mounts,
    scratch,
    logFile: join(dirs.logs, `${container.name}.log`),
    ...(container.workingDir === undefined ? {} : { workDir: container.workingDir }),
    ...(limit === undefined ? {} : { memoryLimit: limit }),
  };
}

interface PlacedMount {
  readonly mount: VolumeMount;
  readonly source: string;
}

function mountsOf(container: Container, site: LaunchSite): PlacedMount[] {
  const volumes = new Map((site.facts().pod.spec.volumes ?? []).map((volume: Volume) => [volume.name, volume]));
  return (container.volumeMounts ?? []).flatMap((mount) => {
    const volume = volumes.get(mount.name);
    const path = volume === undefined ? undefined : site.volumes.pathOf(volume);
    return path === undefined ? [] : [{ mount, source: join(path, mount.subPath ?? '') }];
  });
}

function mountVariable(mount: VolumeMount): string {
  return `MOUNT_${mount.name.toUpperCase().replaceAll('-', '_')}`;
}

// Clients look for the token at a fixed path. If nothing can be mounted there, a kubeconfig with the same identity is
// the other thing every client finds.
function kubeconfigEnv(container: Container, site: LaunchSite): Env {
  return tokenDir(container, site) === undefined ? {} : { KUBECONFIG: kubeconfigPath(container, site) };
}

function kubeconfigPath(container: Container, site: LaunchSite): string {
  return join(site.dirs.own, container.name, 'kubeconfig');
}

function tokenDir(container: Container, site: LaunchSite): string | undefined {
  return mountsOf(container, site).find(({ mount }) => mount.mountPath === TOKEN_DIR)?.source;
}

async function writeKubeconfig(container: Container, site: LaunchSite): Promise<void> {
  const dir = tokenDir(container, site) ?? '';
  const namespace = site.facts().pod.metadata.namespace;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'pod',
        cluster: { server: site.node.api.access.server.origin, 'certificate-authority': join(dir, 'ca.crt') },
      },
    ],
    users: [{ name: 'pod', user: { tokenFile: join(dir, 'token') } }],
    contexts: [{ name: 'pod', context: { cluster: 'pod', user: 'pod', namespace } }],
    'current-context': 'pod',
  };
  await writeFile(kubeconfigPath(container, site), JSON.stringify(config), { mode: 0o600 });
}
