import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterInfo } from './cluster-info.ts';
import { ask } from './control-client.ts';
import { executeToEnd } from './execution.ts';
import { ISTIOD_GRPC_ADDRESS, layoutOf } from './layout.ts';

export type ClientProxyOptions = {
  /** The client's namespace; it must exist. */
  readonly namespace: string;
  /** Must be the port of the Services the client calls. Default 80. */
  readonly listenPort?: number;
  /** Which hosts the client can see, as in a Sidecar object. Default: every Service of its namespace. */
  readonly hosts?: readonly string[];
};

/** Reachable only from inside the cluster's network namespace. */
export type ClientProxy = {
  /** Also the component's name, for `cluster.component(name)`. */
  readonly name: string;
  readonly address: string;
  /** Requests to it with `Host: <service>` follow that Service's routes. */
  readonly url: string;
  readonly adminUrl: string;
  stop(): Promise<void>;
};

type ClientIdentity = { readonly name: string; readonly namespace: string; readonly address: string };

const ADMIN_PORT = 15000;
const label = 'sluice.test/client';

const socketAddress = (address: string, port: number): object => ({ socket_address: { address, port_value: port } });

const http2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/** Envoy's bootstrap configuration: its identity and the address of istiod, which supplies the rest. */
export const renderBootstrap = ({ name, namespace, address }: ClientIdentity): object => {
  const [istiodHost = '', istiodPort = ''] = ISTIOD_GRPC_ADDRESS.split(':');
  return {
    node: {
      id: `sidecar~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${name}.${namespace}`,
      metadata: {
        NAME: name,
        NAMESPACE: namespace,
        LABELS: { [label]: name },
        CLUSTER_ID: 'Kubernetes',
        INTERCEPTION_MODE: 'NONE',
        ISTIO_VERSION: '1.31.1',
        INSTANCE_IPS: address,
      },
    },
    admin: { address: socketAddress(address, ADMIN_PORT) },
    dynamic_resources: {
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'istiod' } }],
      },
      cds_config: { ads: {}, resource_api_version: 'V3' },
      lds_config: { ads: {}, resource_api_version: 'V3' },
    },
    static_resources: {
      clusters: [
        {
          name: 'istiod',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: http2,
          load_assignment: {
            cluster_name: 'istiod',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(istiodHost, Number(istiodPort)) } }] }],
          },
        },
      ],
    },
  };
};

/** A Sidecar object with which istiod gives this client a plain listener that needs no packet redirection. */
export const renderSidecar = (
  { name, namespace, address }: ClientIdentity,
  port: number,
  hosts: readonly string[] = [`${namespace}/*`],
): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Sidecar',
  metadata: { name, namespace },
  spec: {
    workloadSelector: { labels: { [label]: name } },
    egress: [{ port: { number: port, protocol: 'HTTP', name: 'http' }, bind: address, captureMode: 'NONE', hosts }],
  },
});

const kubectl = async (info: ClusterInfo, args: readonly string[], input = ''): Promise<void> => {
  const { code, stderr } = await executeToEnd(info, ['kubectl', ...args], { input });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed (exit ${code}): ${stderr}`);
};

/** A program that exits as soon as it can connect to the given address and port, or after a minute. */
const connects = `
const [address, port] = process.argv.slice(1);
const last = Date.now() + 60_000;
const again = (error) => { if (Date.now() > last) throw error; setTimeout(attempt, 20); };
const attempt = () => require('node:net').connect(Number(port), address, () => process.exit(0)).on('error', again);
attempt();
`;

/** Starts the proxy; resolves when it has its listeners and routes from istiod and accepts connections. */
export const startClientProxy = async (
  info: ClusterInfo,
  { namespace, listenPort = 80, hosts }: ClientProxyOptions,
): Promise<ClientProxy> => {
  if (info.istiodGrpc === undefined) throw new Error(`cluster ${info.name} runs without istiod, which a proxy needs`);
  const { address = '' } = await ask(info.dir, { op: 'allocate-address' });
  const layout = layoutOf(info.dir);
  const name = `client-${address.split('.')[3] ?? ''}`;
  const identity = { name, namespace, address };
  const config = join(layout.proxies, `${name}.json`);
  await writeFile(config, JSON.stringify(renderBootstrap(identity)));
  await kubectl(info, ['apply', '-f', '-'], JSON.stringify(renderSidecar(identity, listenPort, hosts)));
  const adminUrl = `http://${address}:${ADMIN_PORT}`;
  const spec = {
    name,
    argv: [join(info.binDir, 'envoy'), '-c', config, '--disable-hot-restart', '--concurrency', '1', '-l', 'warning'],
    env: info.components[0]?.env ?? {},
    needs: ['istiod'],
    // Envoy lists a listener only once it is warm, that is, once its routes have arrived.
    ready: { kind: 'http', url: `${adminUrl}/listeners`, includes: `${address}:${listenPort}` },
    readyWithinMs: 90_000,
    stopWithinMs: 5_000,
    logFile: layout.log(name),
  } as const;
  const removeSidecar = (): Promise<void> =>
    kubectl(info, ['delete', 'sidecar.networking.istio.io', name, '-n', namespace]);
  try {
    await ask(info.dir, { op: 'add', spec });
  } catch (error) {
    await removeSidecar();
    throw error;
  }
  // A listed listener may not be open yet: its worker thread still has to be notified.
  const { code, stderr } = await executeToEnd(info, [process.execPath, '-e', connects, address, String(listenPort)]);
  if (code !== 0) throw new Error(`the listener of ${name} did not open: ${stderr}`);
  const stop = async (): Promise<void> => {
    await ask(info.dir, { op: 'remove', name });
    await removeSidecar();
  };
  return { name, address, url: `http://${address}:${listenPort}`, adminUrl, stop };
};
