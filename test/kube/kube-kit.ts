/** What the tests of the Kubernetes adapter share. */
import { afterAll } from '@jest/globals';
import { connectApi, type Api, type ApiOptions } from '../../src/kube/api.ts';
import type { Log } from '../../src/kube/log.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Resolves when `check` returns something other than false or undefined; rejects with the last reason after `limit` ms. */
export const until = async <T>(check: () => T | undefined | false, what: string, limit = 10_000): Promise<T> => {
  const end = Date.now() + limit;
  for (;;) {
    const result = check();
    if (result !== undefined && result !== false) return result;
    if (Date.now() > end) throw new Error(`waited ${limit} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

export type LogLine = { readonly level: string; readonly fields: object; readonly message: string };

/** A log that a test can read. */
export const memoryLog = (): Log & { readonly lines: LogLine[] } => {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};

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
