/** What the tests of the Kubernetes adapter share. */
import { afterAll } from '@jest/globals';
import { connectApi, type Api, type ApiOptions } from '../../src/kube/api.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
afterAll(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A new folder for the files of one test; gone after the last test of the file. */
export const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'sluice-kube-'));
  folders.push(path);
  return path;
};

export type KubeconfigParts = {
  readonly server: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly path?: string;
};

/** Writes a kubeconfig (JSON is YAML) and returns its path. */
export const kubeconfigFile = ({
  server,
  cluster = {},
  user = {},
  path = join(folder(), 'kubeconfig'),
}: KubeconfigParts): string => {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, ...cluster } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'shop' } }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
};

export const apiFor = (server: string, options: Partial<ApiOptions> & { user?: object } = {}): Api => {
  const { user, ...rest } = options;
  const kubeconfig = kubeconfigFile({ server, ...(user !== undefined && { user }) });
  return connectApi({ clock: systemClock, env: {}, kubeconfig, component: 'test', version: '1.2.3', ...rest });
};

/** No chance in tests: the shortest wait that jitter allows. */
export const noJitter = (): number => 0;
