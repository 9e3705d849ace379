import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTROL_PLANE_ADDRESS } from './namespace.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The folder that holds one folder per cluster: `$SLUICE_CLUSTERS`, `$XDG_RUNTIME_DIR` or the system's temporary
 * folder.
 */
export const clustersRoot = (env: Env): string => {
  const base = env['SLUICE_CLUSTERS'] ?? env['XDG_RUNTIME_DIR'];
  if (base) return join(base, 'sluice-clusters');
  // The temporary folder is shared, so the name contains the user id.
  return join(tmpdir(), `sluice-clusters-${process.getuid?.() ?? 0}`);
};

/** The variable that identifies the cluster to processes inside it. */
export const CLUSTER_DIR_VARIABLE = 'SLUICE_CLUSTER_DIR';

export const API_SERVER_URL = `https://${CONTROL_PLANE_ADDRESS}:6443`;
export const ETCD_URL = 'http://127.0.0.1:2379';
export const PROMETHEUS_ADDRESS = '127.0.0.1:9090';
export const ISTIOD_GRPC_ADDRESS = '127.0.0.1:15010';
export const ISTIOD_HTTP_ADDRESS = '127.0.0.1:15080';

/** Each user has its own token, so that the audit log can distinguish them. All are cluster admins. */
export const USERS = ['admin', 'kube-controller-manager', 'kubelet', 'istiod', 'prometheus'] as const;
export type User = (typeof USERS)[number];

/** The paths in a cluster's folder. */
export const layoutOf = (dir: string) => ({
  dir,
  bin: join(dir, 'bin'),
  certificates: join(dir, 'certificates'),
  /** The API server's certificate and authority, which it writes at its first start. */
  apiServerCa: join(dir, 'certificates', 'apiserver.crt'),
  serviceAccountKey: join(dir, 'service-account.key'),
  serviceAccountPublicKey: join(dir, 'service-account.pub'),
  tokens: join(dir, 'tokens.csv'),
  auditPolicy: join(dir, 'audit-policy.yaml'),
  auditLog: join(dir, 'audit.log'),
  namespaces: join(dir, 'namespaces.yaml'),
  mesh: join(dir, 'mesh.yaml'),
  prometheusConfig: join(dir, 'prometheus.yaml'),
  scrapeTargets: join(dir, 'scrape', 'static.json'),
  etcdData: join(dir, 'etcd'),
  prometheusData: join(dir, 'prometheus'),
  pods: join(dir, 'pods'),
  proxies: join(dir, 'proxies'),
  kubectlCache: join(dir, 'kubectl-cache'),
  kubeconfig: (user: User): string => join(dir, user === 'admin' ? 'kubeconfig' : `kubeconfig-${user}`),
  log: (component: string): string => join(dir, 'logs', `${component}.log`),
});

export type Layout = ReturnType<typeof layoutOf>;
