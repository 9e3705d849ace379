import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** How to reach and talk to an API server; keys and certificates are PEM text. */
export interface Access {
  readonly server: URL;
  readonly ca?: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Named<T> {
  readonly name: string;
  readonly value: T;
}
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the current context of a kubeconfig file. Supports server, CA, client certificate and token, but no exec
 * plugins. Rejects if the file has no usable current context.
 */
export async function readKubeconfig(path: string): Promise<Access> {
  const file = parse(await readFile(path, 'utf8')) as Fields;
  const context = pick(file, 'contexts', 'context', file['current-context']);
  const cluster = pick(file, 'clusters', 'cluster', context['cluster']);
  const user = pick(file, 'users', 'user', context['user']);
  const server = text(cluster['server']);
  if (server === undefined) throw new Error(`${path}: the current context's cluster has no server`);
  const parts = {
    ca: await pem(cluster, 'certificate-authority'),
    cert: await pem(user, 'client-certificate'),
    key: await pem(user, 'client-key'),
    token: text(user['token']),
  };
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return { server: new URL(server), ...Object.fromEntries(known) };
}

function pick(file: Fields, list: string, kind: string, name: unknown): Fields {
  const entries = (file[list] ?? []) as readonly Named<unknown>[];
  const found = entries.find((entry) => entry.name === name) as Fields | undefined;
  if (found === undefined) throw new Error(`kubeconfig: no ${kind} named ${JSON.stringify(name)}`);
  return (found[kind] ?? {}) as Fields;
}

async function pem(fields: Fields, field: string): Promise<string | undefined> {
  const inline = text(fields[`${field}-data`]);
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8');
  const path = text(fields[field]);
  return path === undefined ? undefined : await readFile(path, 'utf8');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
