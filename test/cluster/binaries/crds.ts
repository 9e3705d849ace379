import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { cached, cacheKey } from './cache.ts';
import type { BuildContext } from './go-build.ts';
import { runOrFail } from './run-command.ts';

export type CrdBundleName = 'istio' | 'gateway-api' | 'smi' | 'contour' | 'traefik';

/** Custom resource definitions as their makers publish them inside a versioned Go module. */
export type CrdBundle = {
  readonly module: string;
  readonly version: string;
  /** A file, or a folder whose YAML files are all taken. */
  readonly path: string;
  /**
   * The SMI SDK's file serves the newest version only, while the meshes that still speak SMI serve older ones as well
   * (Linkerd's extension: v1alpha1 and v1alpha2).
   */
  readonly serveAllVersions?: true;
};

export const CRD_BUNDLES: Readonly<Record<CrdBundleName, CrdBundle>> = {
  istio: { module: 'istio.io/api', version: 'v1.31.1', path: 'kubernetes/customresourcedefinitions.gen.yaml' },
  'gateway-api': { module: 'sigs.k8s.io/gateway-api', version: 'v1.6.3', path: 'config/crd/standard' },
  smi: {
    module: 'github.com/servicemeshinterface/smi-sdk-go',
    version: 'v0.5.0',
    path: 'crds/split.yaml',
    serveAllVersions: true,
  },
  contour: { module: 'github.com/projectcontour/contour', version: 'v1.33.8', path: 'examples/contour/01-crds.yaml' },
  traefik: {
    module: 'github.com/traefik/traefik/v3',
    version: 'v3.6.12',
    path: 'docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml',
  },
};

type Crd = { kind?: string; spec?: { versions?: { served?: boolean }[] } };

/** Keeps the definitions of a YAML text (and nothing else in it), comments gone. */
export const selectCrds = (text: string, serveAllVersions = false): string =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Crd | null)
    .filter((object): object is Crd => object?.kind === 'CustomResourceDefinition')
    .map((object) => {
      if (serveAllVersions) for (const version of object.spec?.versions ?? []) version.served = true;
      return stringify(object, { aliasDuplicateObjects: false });
    })
    .join('---\n');

/** The bundle as one YAML file in the cache; its module is fetched through the Go module cache, checksums included. */
export const ensureCrds = async (name: CrdBundleName, root: string, context: BuildContext): Promise<string> => {
  const bundle = CRD_BUNDLES[name];
  const entry = await cached(root, cacheKey(`crds-${name}`, bundle.version, bundle), async (folder, scratch) => {
    const { env, signal } = context;
    const wanted = `${bundle.module}@${bundle.version}`;
    const answer = await runOrFail(context.go, ['mod', 'download', '-json', wanted], {
      env: { ...env, GOWORK: 'off', GOFLAGS: '' },
      signal,
      cwd: scratch,
    });
    const { Dir } = JSON.parse(answer) as { Dir: string };
    const texts = await Promise.all((await yamlFiles(join(Dir, bundle.path))).map((file) => readFile(file, 'utf8')));
    const crds = texts.map((text) => selectCrds(text, bundle.serveAllVersions)).filter(Boolean);
    if (crds.length === 0) throw new Error(`${wanted} has no custom resource definition in ${bundle.path}`);
    await writeFile(join(folder, `${name}.yaml`), crds.join('---\n'));
  });
  return join(entry, `${name}.yaml`);
};

const yamlFiles = async (path: string): Promise<string[]> => {
  if (/\.ya?ml$/.test(path)) return [path];
  return (await readdir(path))
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
};
