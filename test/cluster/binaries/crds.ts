import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { cached, cacheKey } from './cache.ts';
import type { BuildContext } from './go-build.ts';
import { REPOSITORY } from './repository.ts';
import { runOrFail } from './run-command.ts';

export type CrdBundleName = 'istio' | 'gateway-api' | 'smi' | 'contour' | 'traefik';

/** CRDs that are published in a versioned Go module. */
export type PublishedCrds = {
  readonly module: string;
  readonly version: string;
  /** A file, or a folder of YAML files. */
  readonly path: string;
};

/** CRDs in a file of this repository, written for the tests because no usable ones are published. */
export type OwnCrds = { readonly file: string };

export const CRD_BUNDLES: Readonly<Record<CrdBundleName, PublishedCrds | OwnCrds>> = {
  istio: { module: 'istio.io/api', version: 'v1.31.1', path: 'kubernetes/customresourcedefinitions.gen.yaml' },
  'gateway-api': { module: 'sigs.k8s.io/gateway-api', version: 'v1.6.3', path: 'config/crd/standard' },
  smi: { file: 'test/cluster/crds/smi-traffic-split.yaml' },
  contour: { module: 'github.com/projectcontour/contour', version: 'v1.33.8', path: 'examples/contour/01-crds.yaml' },
  traefik: {
    module: 'github.com/traefik/traefik/v3',
    version: 'v3.6.12',
    path: 'docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml',
  },
};

// A schema may have a property called "description", whose value is then an object.
const withoutProse = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== 'description' || typeof inner !== 'string');
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutProse(inner)]));
};

/**
 * Keeps only the CRDs of a YAML text, without their descriptions, which are most of their size and which the API server
 * would merge into its OpenAPI document at every start.
 */
export const selectCrds = (text: string): string =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as { kind?: string } | null)
    .filter((object) => object?.kind === 'CustomResourceDefinition')
    .map((object) => stringify(withoutProse(object), { aliasDuplicateObjects: false }))
    .join('---\n');

/** Path of the bundle's YAML file, which may not have been fetched yet. */
export const crdFile = (name: CrdBundleName, root: string): string => {
  const bundle = CRD_BUNDLES[name];
  if ('file' in bundle) return join(REPOSITORY, bundle.file);
  return join(root, keyOf(name, bundle), `${name}.yaml`);
};

const keyOf = (name: CrdBundleName, bundle: PublishedCrds): string =>
  cacheKey(`crds-${name}`, bundle.version, [bundle, 'without prose']);

/** Fetches a published bundle into the cache, through the Go module cache with its checksums. */
export const fetchCrds = async (name: CrdBundleName, root: string, context: BuildContext): Promise<void> => {
  const bundle = CRD_BUNDLES[name];
  if ('file' in bundle) return;
  await cached(root, keyOf(name, bundle), async (folder, scratch) => {
    const { env, signal } = context;
    const wanted = `${bundle.module}@${bundle.version}`;
    const answer = await runOrFail(context.go, ['mod', 'download', '-json', wanted], {
      env: { ...env, GOWORK: 'off', GOFLAGS: '' },
      signal,
      cwd: scratch,
    });
    const { Dir } = JSON.parse(answer) as { Dir: string };
    const texts = await Promise.all((await yamlFiles(join(Dir, bundle.path))).map((file) => readFile(file, 'utf8')));
    const crds = texts.map(selectCrds).filter(Boolean);
    if (crds.length === 0) throw new Error(`${wanted} has no custom resource definition in ${bundle.path}`);
    await writeFile(join(folder, `${name}.yaml`), crds.join('---\n'));
  });
};

const yamlFiles = async (path: string): Promise<string[]> => {
  if (/\.ya?ml$/.test(path)) return [path];
  return (await readdir(path))
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
};
