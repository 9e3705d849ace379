/** The load generator as a process, and what it counted. */
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import { inTime } from '../cluster/in-time.ts';
import { waitUntil } from '../cluster/wait-until.ts';

export type LoadOptions = {
  readonly url: string;
  /** Host header. */
  readonly host: string;
  readonly rps: number;
  /** Sent with each request, as `name: value`. */
  readonly headers?: readonly string[];
};

export type Counts = {
  readonly seconds: number;
  readonly requests: number;
  readonly ok: number;
  readonly failed: number;
  readonly failedTransport: number;
  readonly failedApplication: number;
  readonly failedInfrastructure: number;
  readonly dropped: number;
  readonly byVersion: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
};

export type Load = {
  /** Everything so far. */
  total(): Promise<Counts>;
  /** Since the window was last reset; resets it. */
  window(): Promise<Counts>;
  stop(): Promise<void>;
};

let nextPort = 20_000 + (process.pid % 1000) * 20;

/** Resolves when the first request has been answered. */
export const startLoad = async (cluster: Cluster, { url, host, rps, headers = [] }: LoadOptions): Promise<Load> => {
  nextPort += 1;
  const control = `127.0.0.1:${nextPort}`;
  const program = join(cluster.binDir, 'sluice-testapp');
  const process = cluster.exec(
    program,
    [
      'load',
      '--url',
      url,
      '--host',
      host,
      '--rps',
      String(rps),
      '--control',
      control,
      ...headers.flatMap((header) => ['--header', header]),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const read = async (path: string): Promise<Counts> => {
    const { text } = await fetchText(`http://${control}${path}`);
    const answer = JSON.parse(text) as { total?: Counts } & Counts;
    return answer.total ?? answer;
  };
  const load: Load = {
    total: () => read('/'),
    window: () => read('/window?reset=1'),
    stop: async () => {
      await process.kill('SIGTERM');
      await inTime('the load generator to end', process.ended);
    },
  };
  let counts: Counts | undefined;
  await waitUntil(`the first good answer of ${host} to the load`, async () => (counts = await load.total()).ok > 0, {
    seen: () => (counts === undefined ? 'no counts' : JSON.stringify(counts)),
  });
  return load;
};

/** Percent of the answered requests that a version answered. */
export const share = (counts: Counts, version: string): number => {
  const all = Object.values(counts.byVersion).reduce((sum, n) => sum + n, 0);
  return (100 * (counts.byVersion[version] ?? 0)) / all;
};
