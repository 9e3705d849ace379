import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Layout, User } from './layout.ts';
import { API_SERVER_URL, USERS } from './layout.ts';
import type { StaticScrape } from './prometheus-config.ts';
import { renderPrometheusConfig, renderStaticTargets } from './prometheus-config.ts';

export type Tokens = Readonly<Record<User, string>>;

const kubeconfig = (layout: Layout, user: User, token: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'sluice', cluster: { server: API_SERVER_URL, 'certificate-authority': layout.apiServerCa } }],
  users: [{ name: user, user: { token } }],
  contexts: [{ name: 'sluice', context: { cluster: 'sluice', user } }],
  'current-context': 'sluice',
});

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

// With automatic mTLS, client proxies would wait for certificates that nobody issues here.
const mesh = { enableAutoMtls: false, accessLogFile: '' };

/** A component's user name at the API server and in webhooks, as in other clusters. */
const apiUser = (user: User): string => (user === 'kube-controller-manager' ? `system:${user}` : user);

/** The text files of a cluster, by path. Pure. */
export const renderFiles = (layout: Layout, tokens: Tokens, scrape: readonly StaticScrape[]): Map<string, string> =>
  new Map([
    [layout.tokens, USERS.map((user) => `${tokens[user]},${apiUser(user)},${user},"system:masters"\n`).join('')],
    [layout.auditPolicy, stringify(auditPolicy)],
    [layout.mesh, stringify(mesh)],
    [layout.namespaces, stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } })],
    [layout.prometheusConfig, stringify(renderPrometheusConfig(layout))],
    [layout.scrapeTargets, renderStaticTargets(scrape)],
    ...USERS.map((user) => [layout.kubeconfig(user), stringify(kubeconfig(layout, user, tokens[user]))] as const),
  ]);

const newTokens = (): Tokens =>
  Object.fromEntries(USERS.map((user) => [user, randomBytes(16).toString('hex')])) as Record<User, string>;

/** Writes all files a cluster needs before its first process starts, readable only by their owner. */
export const writeClusterFiles = async (
  layout: Layout,
  scrape: readonly StaticScrape[],
  programs: Iterable<readonly [name: string, path: string]>,
): Promise<void> => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const files = renderFiles(layout, newTokens(), scrape);
  files.set(layout.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  files.set(layout.serviceAccountPublicKey, publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const folders = [layout.bin, layout.pods, layout.proxies, dirname(layout.log('any'))];
  await Promise.all([...folders, ...[...files.keys()].map(dirname)].map((path) => mkdir(path, { recursive: true })));
  await Promise.all([...files].map(([path, text]) => writeFile(path, text, { mode: 0o600 })));
  await Promise.all([...programs].map(([name, path]) => symlink(path, join(layout.bin, name))));
};
