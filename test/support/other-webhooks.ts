/** Admission webhooks of others, on the real API server: they change or refuse Deployments that carry a label. */
import { createServer } from 'node:https';
import type { Json, JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import type { ServingCertificate } from '../../src/webhook/webhook-server.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { listen } from '../cluster/listen.ts';

/** What it makes of a template; undefined leaves it. Text refuses the write. */
export type Change = (object: KubeObject) => KubeObject | string | undefined;

export type OtherWebhook = {
  /** It is asked about Deployments with the label `other: NAME`. */
  readonly name: string;
  /** Whether its configuration's name sorts before or after the one of Sluice. */
  readonly asked: 'before' | 'after';
  readonly reinvocationPolicy?: 'Never' | 'IfNeeded';
  readonly change: Change;
  /** Labels of the Deployments it is asked about instead. */
  readonly labels?: Readonly<Record<string, string>>;
};

export type OtherWebhooks = {
  /** Gives one another mind from the next question on. */
  set(name: string, change: Change): void;
  /** How often it was asked about this object. */
  asked(name: string, object: string): number;
  stop(): Promise<void>;
};

type Question = { readonly request: { readonly uid: string; readonly object: KubeObject } };

const answerTo = ({ request }: Question, change: Change): JsonObject => {
  const changed = change(request.object);
  if (typeof changed === 'string') return { uid: request.uid, allowed: false, status: { message: changed } };
  if (changed === undefined) return { uid: request.uid, allowed: true };
  const patch = Buffer.from(JSON.stringify(replaceWhatDiffers(request.object, changed))).toString('base64');
  return { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch };
};

const replaceWhatDiffers = (before: KubeObject, after: KubeObject): readonly JsonObject[] =>
  (['metadata', 'spec'] as const)
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => ({ op: 'replace', path: `/${key}`, value: after[key] as unknown as Json }));

/** Starts and registers them; resolves when the API server asks each of them. `sluice` is the name of Sluice's configuration. */
export const startOtherWebhooks = async (
  on: { readonly cluster: Cluster; readonly namespace: string; readonly sluice: string },
  trust: { readonly certificate: ServingCertificate; readonly caBundle: string },
  others: readonly OtherWebhook[],
): Promise<OtherWebhooks> => {
  const changes = new Map(others.map(({ name, change }) => [name, change]));
  const counts = new Map<string, number>();
  const server = createServer(trust.certificate, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const name = (incoming.url ?? '').slice(1).split('?')[0] ?? '';
      const question = JSON.parse(Buffer.concat(chunks).toString()) as Question;
      const key = `${name}/${question.request.object.metadata.name}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      const answer = answerTo(question, changes.get(name) ?? (() => undefined));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
    });
  });
  // A connection that the API server keeps for later must not be closed under it.
  Object.assign(server, { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 120_000 });
  const port = await listen(server);
  const configurations = others.map((other) => configuration(on, other, { port, caBundle: trust.caBundle }));
  await on.cluster.apply(configurations);
  const asked = (name: string, object: string): number => counts.get(`${name}/${object}`) ?? 0;
  await Promise.all(others.map((other) => untilAsked(on, other, () => asked(other.name, 'probe') > 0)));
  return {
    set: (name, change) => void changes.set(name, change),
    asked,
    stop: async () => {
      const names = configurations.map(({ metadata }) => metadata.name);
      await on.cluster.run('kubectl', ['delete', 'mutatingwebhookconfiguration', ...names]);
      server.closeAllConnections();
      server.close();
    },
  };
};

const configuration = (
  { namespace, sluice }: { readonly namespace: string; readonly sluice: string },
  { name, asked, reinvocationPolicy = 'Never', labels = { other: name } }: OtherWebhook,
  { port, caBundle }: { readonly port: number; readonly caBundle: string },
): KubeObject & { readonly webhooks: readonly JsonObject[] } => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  // Webhooks are asked in the order of these names.
  metadata: { name: `${asked === 'before' ? '0-' : ''}${sluice}${asked === 'after' ? '-z' : ''}-${name}` },
  webhooks: [
    {
      name: `${name}.example.com`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      reinvocationPolicy,
      clientConfig: { url: `https://127.0.0.1:${port}/${name}`, caBundle },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      objectSelector: { matchLabels: labels },
      rules: [
        { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] },
      ],
    },
  ],
});

/** The API server reads configurations from a watch: it asks from some moment soon after they are stored. */
const untilAsked = async (
  { cluster, namespace }: { readonly cluster: Cluster; readonly namespace: string },
  { name, labels = { other: name } }: OtherWebhook,
  isAsked: () => boolean,
): Promise<void> => {
  const probe = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'probe', labels },
    spec: {
      selector: { matchLabels: { app: 'probe' } },
      template: { metadata: { labels: { app: 'probe' } }, spec: { containers: [{ name: 'app', image: 'none' }] } },
    },
  };
  const create = ['-n', namespace, 'create', '--dry-run=server', '-f', '-'];
  await waitUntil(`the API server to ask webhook ${name}`, async () => {
    await cluster.run('kubectl', create, { input: JSON.stringify(probe) });
    return isAsked();
  });
};

type Container = JsonObject & { readonly name: string; readonly image: string };
type Template = { readonly metadata?: JsonObject; readonly spec: { readonly containers: readonly Container[] } };

const templateOf = ({ spec }: KubeObject): Template => spec?.['template'] as unknown as Template;
const withTemplate = (object: KubeObject, template: Template): KubeObject => ({
  ...object,
  spec: { ...object.spec, template: template },
});
const withContainers = (object: KubeObject, containers: readonly Container[]): KubeObject => {
  const template = templateOf(object);
  return withTemplate(object, { ...template, spec: { ...template.spec, containers } });
};

const sidecar = (name: string, version: string): Container => ({
  name,
  image: `sluice.test/host:${version}`,
  command: ['sleep', 'infinity'],
});

/** A sidecar of this version: asked again, the same comes out. */
export const injects =
  (version = '1'): Change =>
  (object) => {
    const others = templateOf(object).spec.containers.filter(({ name }) => name !== 'sidecar');
    return withContainers(object, [...others, sidecar('sidecar', version)]);
  };

/** One more sidecar each time it is asked. */
export const appends: Change = (object) => {
  const { containers } = templateOf(object).spec;
  return withContainers(object, [...containers, sidecar(`sidecar-${containers.length}`, '1')]);
};

let stamp = 0;
/** Something else in the template each time it is asked. */
export const restamps: Change = (object) => {
  const template = templateOf(object);
  const metadata = { ...template.metadata, annotations: { 'example.com/stamp': `${(stamp += 1)}` } };
  return withTemplate(object, { ...template, metadata });
};

/** `image:tag` becomes what the registry has for it; a tag that it does not know is left. */
export const resolves =
  (registry: Readonly<Record<string, string>>): Change =>
  (object) =>
    withContainers(
      object,
      templateOf(object).spec.containers.map((one) => ({ ...one, image: registry[one.image] ?? one.image })),
    );

/** Takes every annotation of Sluice's off but the ones people write. */
export const stripsMarks: Change = (object) => {
  const { annotations = {} } = object.metadata;
  const kept = Object.entries(annotations).filter(
    ([key]) => !key.startsWith('sluice.dev/') || key === 'sluice.dev/canary',
  );
  return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(kept) } };
};

export const unpauses: Change = (object) => ({ ...object, spec: { ...object.spec, paused: false } });
