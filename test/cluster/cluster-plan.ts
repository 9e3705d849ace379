import { join } from 'node:path';
import type { CrdBundleName } from './binaries/crds.ts';
import type { ToolName } from './binaries/catalog.ts';
import { REPOSITORY } from './binaries/repository.ts';
import type { ComponentSpec, Probe } from './component-spec.ts';
import type { Layout } from './layout.ts';
import { API_SERVER_URL, ETCD_URL, ISTIOD_GRPC_ADDRESS, ISTIOD_HTTP_ADDRESS, PROMETHEUS_ADDRESS } from './layout.ts';
import { CONTROL_PLANE_ADDRESS, POD_CIDR, SERVICE_CIDR } from './namespace.ts';

/** The parts of a cluster. */
export type ClusterShape = {
  readonly istio: boolean;
  readonly prometheus: boolean;
  /**
   * `process`: pods are processes. `instant`: pods only claim to run, for tests with thousands of them. `none`: no
   * kubelet.
   */
  readonly kubelet: 'process' | 'instant' | 'none';
  readonly crds: readonly CrdBundleName[];
  readonly apiServerArgs: readonly string[];
  readonly controllerManagerArgs: readonly string[];
};

export type PlanInput = {
  readonly layout: Layout;
  readonly shape: ClusterShape;
  readonly tools: ReadonlyMap<ToolName, string>;
  readonly crds: ReadonlyMap<CrdBundleName, string>;
  /** The environment of every component. */
  readonly env: Readonly<Record<string, string>>;
};

/** The tools for a cluster of that shape, including those for its users. */
export const toolsFor = (shape: ClusterShape): ToolName[] => [
  ...(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl', 'helm'] as const),
  ...(shape.kubelet === 'process' ? (['sluice-testapp'] as const) : []),
  ...(shape.istio ? (['envoy', 'pilot-discovery'] as const) : []),
  ...(shape.prometheus ? (['prometheus'] as const) : []),
];

type Draft = Omit<ComponentSpec, 'argv' | 'env' | 'readyWithinMs' | 'stopWithinMs' | 'logFile'> & {
  readonly program: ToolName | 'node' | 'sh';
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stopWithinMs?: number;
};

const http = (url: string, rest: Omit<Probe & { kind: 'http' }, 'kind' | 'url'> = {}): Probe => ({
  kind: 'http',
  url,
  ...rest,
});

const etcd = ({ layout }: PlanInput): Draft => ({
  name: 'etcd',
  program: 'etcd',
  args: [
    ...['--name=etcd', `--data-dir=${layout.etcdData}`, '--unsafe-no-fsync', '--log-level=warn'],
    ...[`--listen-client-urls=${ETCD_URL}`, `--advertise-client-urls=${ETCD_URL}`],
    ...['--listen-peer-urls=http://127.0.0.1:2380', '--initial-advertise-peer-urls=http://127.0.0.1:2380'],
    '--initial-cluster=etcd=http://127.0.0.1:2380',
  ],
  needs: [],
  ready: http(`${ETCD_URL}/health`, { includes: '"true"' }),
});

const apiServer = ({ layout, shape }: PlanInput): Draft => ({
  name: 'kube-apiserver',
  program: 'kube-apiserver',
  args: [
    ...[`--etcd-servers=${ETCD_URL}`, '--secure-port=6443', `--cert-dir=${layout.certificates}`],
    ...[`--bind-address=${CONTROL_PLANE_ADDRESS}`, `--advertise-address=${CONTROL_PLANE_ADDRESS}`],
    ...[`--service-cluster-ip-range=${SERVICE_CIDR}`, '--allow-privileged=true'],
    ...['--service-account-issuer=https://kubernetes.default.svc', `--token-auth-file=${layout.tokens}`],
    `--service-account-key-file=${layout.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${layout.serviceAccountKey}`,
    '--authorization-mode=RBAC',
    // Webhooks behind a Service are called at their pods' addresses, so no kube-proxy is needed.
    '--enable-aggregator-routing=true',
    ...[`--audit-policy-file=${layout.auditPolicy}`, `--audit-log-path=${layout.auditLog}`],
    ...shape.apiServerArgs,
  ],
  needs: ['etcd'],
  // With open watches, it would take a minute to shut down.
  stopWithinMs: 3_000,
  ready: http(`${API_SERVER_URL}/readyz`, { ca: layout.apiServerCa }),
});

// No kubelet renews node leases here and no node ranges are allocated; the rest runs as in any cluster.
const CONTROLLERS_OFF = [
  'node-lifecycle-controller',
  'node-ipam-controller',
  'node-route-controller',
  'taint-eviction-controller',
  'service-lb-controller',
  'persistentvolume-attach-detach-controller',
];

const controllerManager = ({ layout, shape }: PlanInput): Draft => ({
  name: 'kube-controller-manager',
  program: 'kube-controller-manager',
  args: [
    ...[`--kubeconfig=${layout.kubeconfig('kube-controller-manager')}`, '--leader-elect=false'],
    ...['--bind-address=127.0.0.1', '--use-service-account-credentials=false'],
    ...[`--service-account-private-key-file=${layout.serviceAccountKey}`, `--root-ca-file=${layout.apiServerCa}`],
    `--controllers=*,${CONTROLLERS_OFF.map((name) => `-${name}`).join(',')}`,
    '--horizontal-pod-autoscaler-sync-period=5s',
    // With the default of 20 requests per second, a test with a thousand workloads would measure that limit.
    ...['--kube-api-qps=500', '--kube-api-burst=1000'],
    ...shape.controllerManagerArgs,
  ],
  needs: ['kube-apiserver'],
  ready: http('https://127.0.0.1:10257/healthz'),
});

const definitions = ({ layout, crds, shape }: PlanInput): Draft => {
  const files = [layout.namespaces, ...crds.values()].map((path) => `-f '${path}'`).join(' ');
  const wait = 'kubectl wait --for=condition=Established customresourcedefinition --all --timeout=60s';
  const apply = `kubectl apply --server-side ${files}`;
  return {
    name: 'definitions',
    program: 'sh',
    args: ['-c', shape.crds.length === 0 ? apply : `${apply} && ${wait}`],
    env: { KUBECONFIG: layout.kubeconfig('admin'), KUBECACHEDIR: layout.kubectlCache },
    needs: ['kube-apiserver'],
    ready: { kind: 'exit' },
  };
};

// The API server refuses pods until their namespace's default service account exists.
const accounts = ({ layout }: PlanInput): Draft => ({
  name: 'default-account',
  program: 'kubectl',
  args: ['wait', '--for=create', 'serviceaccount/default', '--timeout=60s'],
  env: { KUBECONFIG: layout.kubeconfig('admin'), KUBECACHEDIR: layout.kubectlCache },
  needs: ['kube-controller-manager'],
  ready: { kind: 'exit' },
});

const kubelet = ({ layout, shape }: PlanInput): Draft => ({
  name: 'kubelet',
  program: 'node',
  args: [
    join(REPOSITORY, 'test', 'cluster', 'kubelet', 'main.ts'),
    ...['--kubeconfig', layout.kubeconfig('kubelet'), '--pod-cidr', POD_CIDR],
    ...['--bin-dir', layout.bin, '--work-dir', layout.pods, '--mode', shape.kubelet],
  ],
  needs: ['kube-apiserver'],
  ready: { kind: 'line', text: 'kubelet ready' },
});

const istiod = ({ layout }: PlanInput): Draft => ({
  name: 'istiod',
  program: 'pilot-discovery',
  args: [
    ...['discovery', '--kubeconfig', layout.kubeconfig('istiod'), '--meshConfig', layout.mesh],
    ...['--httpAddr', ISTIOD_HTTP_ADDRESS, '--httpsAddr', '', '--monitoringAddr', ''],
    ...['--grpcAddr', ISTIOD_GRPC_ADDRESS, '--secureGRPCAddr', '', '--ctrlz_port', '0'],
  ],
  env: {
    POD_NAMESPACE: 'istio-system',
    // These need Istio's own build of Envoy.
    PILOT_ENABLE_METADATA_EXCHANGE: 'false',
    PILOT_ENABLE_ALPN_FILTER: 'false',
    // Nothing is injected and nothing is signed here.
    VALIDATION_WEBHOOK_CONFIG_NAME: '',
    INJECTION_WEBHOOK_CONFIG_NAME: '',
    ENABLE_CA_SERVER: 'false',
  },
  needs: ['kube-apiserver'],
  ready: http(`http://${ISTIOD_HTTP_ADDRESS}/ready`),
});

const prometheus = ({ layout }: PlanInput): Draft => ({
  name: 'prometheus',
  program: 'prometheus',
  args: [
    ...[`--config.file=${layout.prometheusConfig}`, `--storage.tsdb.path=${layout.prometheusData}`],
    ...[`--web.listen-address=${PROMETHEUS_ADDRESS}`, '--log.level=warn'],
  ],
  needs: ['kube-apiserver'],
  ready: http(`http://${PROMETHEUS_ADDRESS}/-/ready`),
});

const complete = ({ layout, tools, env }: PlanInput, { program, args, ...draft }: Draft): ComponentSpec => {
  const path = program === 'node' ? process.execPath : program === 'sh' ? 'sh' : tools.get(program);
  if (path === undefined) throw new Error(`${draft.name} needs ${program}, which was not made`);
  return {
    ...draft,
    argv: [path, ...args],
    env: { ...env, ...draft.env },
    readyWithinMs: 90_000,
    stopWithinMs: draft.stopWithinMs ?? 10_000,
    logFile: layout.log(draft.name),
  };
};

/** The components of a cluster, in display order; each names its dependencies. */
export const planCluster = (input: PlanInput): ComponentSpec[] => {
  const { shape } = input;
  const drafts = [
    etcd(input),
    apiServer(input),
    controllerManager(input),
    accounts(input),
    ...(shape.kubelet === 'none' ? [] : [kubelet(input)]),
    ...(shape.istio ? [istiod(input)] : []),
    ...(shape.prometheus ? [prometheus(input)] : []),
  ];
  return drafts.map((draft) => complete(input, draft));
};

/** The components that create the etcd data from which clusters with CRDs start; see etcd-template.ts. */
export const planTemplate = (input: PlanInput): ComponentSpec[] =>
  [etcd(input), apiServer(input), definitions(input)].map((draft) => complete(input, draft));
