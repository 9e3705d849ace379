/** The chart as Helm renders it, as objects. */
import { parseAllDocuments } from 'yaml';
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { KUBERNETES_VERSION } from '../cluster/binaries/catalog.ts';
import type { Cluster } from '../cluster/cluster.ts';

export const chart = 'charts/sluice';

export type Rendered = {
  readonly code: number | null;
  readonly stderr: string;
  readonly objects: readonly KubeObject[];
};

/** What Helm says to these values (`key=value`, as `--set` takes them). */
export const template = async (cluster: Cluster, ...values: readonly string[]): Promise<Rendered> => {
  const where = ['--namespace', 'sluice-system', '--kube-version', KUBERNETES_VERSION];
  const set = values.flatMap((value) => ['--set', value]);
  const { code, stdout, stderr } = await cluster.run('helm', ['template', 'sluice', chart, ...where, ...set]);
  const documents = code === 0 ? parseAllDocuments(stdout) : [];
  return { code, stderr, objects: documents.map((d) => d.toJS() as KubeObject | null).filter((o) => o !== null) };
};

/** The objects; an error with Helm's words where there are none. */
export const render = async (cluster: Cluster, ...values: readonly string[]): Promise<readonly KubeObject[]> => {
  const { objects, stderr } = await template(cluster, ...values);
  if (objects.length === 0) throw new Error(stderr);
  return objects;
};

export type Container = {
  readonly args: readonly string[];
  readonly image: string;
  readonly securityContext: JsonObject;
  readonly resources: JsonObject;
};
export type PodTemplate = {
  readonly metadata: KubeObject['metadata'];
  readonly spec: { readonly containers: readonly [Container]; readonly securityContext: JsonObject } & JsonObject;
};

export const named = (objects: readonly KubeObject[], kind: string, name: string): KubeObject | undefined =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
export const podsOf = (objects: readonly KubeObject[], component: string): PodTemplate =>
  named(objects, 'Deployment', `sluice-${component}`)!.spec!['template'] as unknown as PodTemplate;
export const containerOf = (objects: readonly KubeObject[], component: string): Container =>
  podsOf(objects, component).spec.containers[0];
