/** A real Envoy, told by a real istiod, in front of three workloads: stable, canary, and a third Service of the user's. */
import { attach } from '../cluster/up.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import type { ClientProxy } from '../cluster/client-proxy.ts';
import { openBench, type Bench } from './route-bench.ts';

const workload = (namespace: string, name: string, version: string): readonly object[] => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, track: version } },
        spec: {
          containers: [
            {
              name: 'app',
              image: `sluice.test/app:${version}`,
              readinessProbe: { httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  },
];

/** What a client has seen. */
export type Counts = { readonly requests: number; readonly failed: number; readonly byVersion: Record<string, number> };

export type EnvoyBench = Bench & {
  readonly proxy: ClientProxy;
  /** Requests through the proxy to the Service web, counted by the version that answered. */
  readonly load: (
    requests: number,
    how?: { readonly path?: string; readonly headers?: readonly string[] },
  ) => Promise<Counts>;
  /** The proxy's routes of the host web, as text. */
  readonly routes: () => Promise<string>;
};

/** Parts of the requests by version. */
export const shares = ({ requests, byVersion }: Counts): Record<string, number> =>
  Object.fromEntries(Object.entries(byVersion).map(([version, count]) => [version, count / requests]));

type VirtualHost = { readonly domains: readonly string[]; readonly routes: unknown };
type Dump = {
  readonly configs?: readonly { readonly route_config: { readonly virtual_hosts?: readonly VirtualHost[] } }[];
};

/** The canary's Service has a host of its own besides. */
const routesIn = (dump: string): string => {
  const { configs = [] } = JSON.parse(dump) as Dump;
  const hosts = configs.flatMap(({ route_config: { virtual_hosts: all = [] } }) => all);
  const web = hosts.filter(({ domains }) => domains.includes('web'));
  if (web.length === 0) throw new Error('the proxy has no host web');
  return JSON.stringify(web);
};

const versions = { web: 'v1', 'web-canary': 'v2', cart: 'cart' };

/** A namespace of its own with the workloads ready, and a client's proxy. */
export const openEnvoyBench = async (namespace: string, more: readonly object[] = []): Promise<EnvoyBench> => {
  const bench = await openBench(await attach(), namespace);
  const workloads = Object.entries(versions).flatMap(([name, version]) => workload(namespace, name, version));
  await bench.cluster.apply([...workloads, ...more]);
  for (const name of Object.keys(versions))
    await bench.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=90s']);
  const proxy = await bench.cluster.clientProxy({ namespace });
  return {
    ...bench,
    proxy,
    load: async (requests, { path = '/', headers = [] } = {}) => {
      const { code, stdout, stderr } = await bench.cluster.run('sluice-testapp', [
        ...['load', '--url', `${proxy.url}${path}`, '--host', 'web'],
        ...headers.flatMap((header) => ['--header', header]),
        ...['--rps', '200', '--duration', `${requests / 200}s`],
      ]);
      if (code !== 0) throw new Error(stderr);
      return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { total: Counts }).total;
    },
    routes: async () =>
      routesIn((await fetchText(`${proxy.adminUrl}/config_dump?resource=dynamic_route_configs`)).text),
    close: async () => {
      await proxy.stop();
      await bench.close();
    },
  };
};
