/**
 * A plain HTTP proxy in front of the API server that counts the writes of whoever goes through it, and can call somebody
 * at the n-th: `before` it reaches the API server (it then never does), or `after` it has been carried out (the answer is lost,
 * or goes on its way when whoever was called is done: `between`).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { inTime } from '../cluster/in-time.ts';
import { close, listen } from '../cluster/listen.ts';

type Moment = 'before' | 'after' | 'between';

export type WriteCounter = {
  /** A kubeconfig that leads through the proxy. */
  readonly kubeconfig: string;
  /** Calls `kill` at the n-th write from now on; resolves when it has. Writes of events, leases and installation do not count. */
  atWrite(n: number, when: Moment, kill: () => Promise<void>): Promise<void>;
  /** Requests since the last call, watches left out, by verb and kind. */
  takeCounts(): Readonly<Record<string, number>>;
  /** From now on nothing comes through, in either direction, and nobody is told: as if packets were lost. */
  cutOff(): void;
  close(): Promise<void>;
};

type KubeConfig = {
  users: { user: { as?: string } }[];
  clusters: {
    cluster: {
      server: string;
      'certificate-authority-data'?: string;
      'certificate-authority'?: string;
      'insecure-skip-tls-verify'?: boolean;
    };
  }[];
};
type Trap = { left: number; readonly when: Moment; readonly spring: () => Promise<void> };

const ignored = /\/events|\/leases|customresourcedefinitions|rbac\.authorization|admissionregistration|authentication/;
const isWrite = ({ method = 'GET', url = '' }: IncomingMessage): boolean =>
  !['GET', 'HEAD'].includes(method) && !ignored.test(url);

/** `deployments`, `releases/status`: the plural and the subresource, without names. */
const kindIn = (url: string): string => {
  const [, root, ...rest] = url.split('?')[0]?.split('/') ?? [];
  const inGroup = root === 'api' ? rest.slice(1) : rest.slice(2);
  const [plural = 'other', , subresource] =
    inGroup[0] === 'namespaces' && inGroup.length > 2 ? inGroup.slice(2) : inGroup;
  return subresource === undefined ? plural : `${plural}/${subresource}`;
};

/** `as`: whom those who go through it act as. */
export const startWriteCounter = async (kubeconfig: string, as?: string): Promise<WriteCounter> => {
  const config = parse(await readFile(kubeconfig, 'utf8')) as KubeConfig;
  if (as !== undefined) for (const { user } of config.users) user.as = as;
  const { cluster } = config.clusters[0]!;
  const upstream = new URL(cluster.server);
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  let trap: Trap | undefined;
  let counts: Record<string, number> = {};
  let cut = false;
  const answering = new Set<() => void>();

  const count = ({ method = 'GET', url = '' }: IncomingMessage): void => {
    if (/[?&]watch=(1|true)/.test(url)) return;
    const key = `${method} ${kindIn(url)}`;
    counts[key] = (counts[key] ?? 0) + 1;
  };

  const sprung = (message: IncomingMessage): Trap | undefined => {
    if (trap === undefined || !isWrite(message)) return undefined;
    trap.left -= 1;
    if (trap.left > 0) return undefined;
    const found = trap;
    trap = undefined;
    return found;
  };

  const forward = (message: IncomingMessage, response: ServerResponse, caught: Trap | undefined): void => {
    const { method, url, headers } = message;
    const onward = request(
      {
        agent,
        host: upstream.hostname,
        port: upstream.port,
        method,
        path: url,
        headers: { ...headers, host: upstream.host },
      },
      (answer) => {
        if (caught?.when === 'after') {
          answer.resume().on('end', () => {
            void caught.spring();
            response.destroy();
          });
          return;
        }
        const goOn = (): void => {
          if (cut) return;
          const fallSilent = (): void => void answer.unpipe(response);
          answering.add(fallSilent);
          response.on('close', () => answering.delete(fallSilent));
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        };
        if (caught === undefined) goOn();
        else void caught.spring().then(goOn);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    message.pipe(onward);
  };

  const server = createServer((message, response) => {
    if (cut) return;
    count(message);
    const caught = sprung(message);
    if (caught?.when !== 'before') {
      forward(message, response, caught);
      return;
    }
    void caught.spring();
    response.destroy();
  });
  const port = await listen(server);
  const path = join(tmpdir(), `sluice-write-counter-${process.pid}-${port}.kubeconfig`);
  const { 'certificate-authority-data': _data, 'certificate-authority': _file, ...rest } = cluster;
  config.clusters[0]!.cluster = { ...rest, server: `http://127.0.0.1:${port}` };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return {
    kubeconfig: path,
    atWrite: (n, when, kill) => {
      const sprung = new Promise<void>((resolve, reject) => {
        trap = { left: n, when, spring: () => kill().then(resolve, reject) };
      });
      const seen = (): string => `${n - (trap?.left ?? 0)} writes`;
      return inTime(`write ${n} and what is done at it`, sprung, { withinMs: 180_000, seen });
    },
    takeCounts: () => {
      const taken = counts;
      counts = {};
      return taken;
    },
    cutOff: () => {
      cut = true;
      for (const fallSilent of answering) fallSilent();
    },
    close: async () => {
      server.closeAllConnections();
      agent.destroy();
      await close(server);
    },
  };
};
