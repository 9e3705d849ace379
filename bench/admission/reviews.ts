/** The questions of the benchmark: AdmissionReviews about Deployments of 20 kB as an API server sends them. */
import { decide } from '../../src/core/admission/decide.ts';
import type { Deployment, Json, JsonObject, Labels } from '../../src/values/kube-object.ts';
import { after, anInput, optIn } from '../../test/support/admission-input.ts';

/** A body and the uid its answer must carry. */
export type Question = { readonly uid: string; readonly path: '/mutate' | '/validate'; readonly body: Buffer };

const variablesPerContainer = 14;

const container = (name: string, image: string, workload: string): JsonObject => ({
  name,
  image,
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  env: Array.from({ length: variablesPerContainer }, (_, i) =>
    i % 5 === 0
      ? { name: `SECRET_${i}`, valueFrom: { secretKeyRef: { name: `${workload}-${name}`, key: `key-${i}` } } }
      : { name: `${name.toUpperCase()}_SETTING_${i}`, value: `value ${i} of ${workload}` },
  ),
  resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '250m', memory: '512Mi' } },
  volumeMounts: [
    { name: 'config', mountPath: '/etc/config', readOnly: true },
    { name: 'tmp', mountPath: '/tmp' },
  ],
  livenessProbe: probe('/healthz'),
  readinessProbe: probe('/readyz'),
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
  securityContext: { runAsNonRoot: true, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
});

const probe = (path: string): JsonObject => ({
  httpGet: { path, port: 8080, scheme: 'HTTP' },
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
});

const labelsOf = (name: string): Labels => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/part-of': 'shop',
  'app.kubernetes.io/version': '1',
  team: 'checkout',
});

const podTemplate = (name: string, version: number): Deployment['spec']['template'] => ({
  metadata: { labels: labelsOf(name), annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' } },
  spec: {
    containers: ['app', 'worker', 'proxy'].map((part) =>
      container(part, `images.example/${name}/${part}:${version}`, name),
    ),
    volumes: [
      { name: 'config', configMap: { name: `${name}-config`, defaultMode: 420 } },
      { name: 'tmp', emptyDir: {} },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: name,
    securityContext: { fsGroup: 2000 },
    schedulerName: 'default-scheduler',
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { labelSelector: { matchLabels: labelsOf(name) }, topologyKey: 'kubernetes.io/hostname' },
          },
        ],
      },
    },
  },
});

/** What server-side apply keeps: every field's path as a map of maps. */
const ownedFields = (value: Json | undefined): JsonObject => {
  if (Array.isArray(value))
    return Object.fromEntries(
      (value as readonly Json[]).map((item, i) => {
        const name =
          typeof item === 'object' && item !== null && !Array.isArray(item) ? (item as JsonObject)['name'] : i;
        return [`k:${JSON.stringify({ name: name ?? i })}`, { '.': {}, ...ownedFields(item) }];
      }),
    );
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [`f:${key}`, ownedFields(inner)]));
};

/** Replicas, conditions, the annotation of kubectl apply, managed fields: about 20 kB of JSON. */
const deployment = (name: string, version: number, annotations: Labels): Deployment => {
  const spec = {
    replicas: 10,
    selector: { matchLabels: { 'app.kubernetes.io/name': name } },
    template: podTemplate(name, version),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  };
  const metadata = {
    name,
    namespace: 'shop',
    uid: `5d0c3f1e-${name}`,
    resourceVersion: '123456789',
    generation: 41,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: labelsOf(name),
    annotations: {
      ...annotations,
      'deployment.kubernetes.io/revision': '40',
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ metadata: { name, annotations }, spec }),
    },
    managedFields: [
      {
        manager: 'kubectl-client-side-apply',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': ownedFields(spec) },
      },
    ],
  };
  const status = {
    observedGeneration: 41,
    replicas: 10,
    updatedReplicas: 10,
    readyReplicas: 10,
    availableReplicas: 10,
  };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec, status };
};

type Write = { readonly old: Deployment; readonly object: Deployment };

/** A new template, the same once more, and another one while a release runs: the writes that reach the webhook. */
const writes: readonly ((name: string, n: number) => Write)[] = [
  (name, n) => ({ old: deployment(name, n, optIn), object: deployment(name, n + 1, optIn) }),
  (name, n) => ({
    old: deployment(name, n, optIn),
    object: deployment(name, n, { ...optIn, 'sluice.dev/interval': '30s' }),
  }),
  (name, n) => {
    const change = { old: deployment(name, n, optIn), object: deployment(name, n + 1, optIn) };
    const held = after(change.object, decide(anInput(change.old, change.object)));
    const ours = Object.entries(held.metadata.annotations ?? {}).filter(([key]) => key.startsWith('sluice.dev/'));
    const sent = deployment(name, n + 2, Object.fromEntries(ours));
    return { old: held, object: { ...sent, spec: { ...sent.spec, paused: true } } };
  },
];

/** Of each write two, as an API server asks: the mutating webhook, and then the validating one, shown what became of it. */
export const questions = (count: number): readonly Question[] =>
  Array.from({ length: count }, (_, i) => {
    const { old, object } = writes[i % writes.length]!(`web-${i}`, i + 1);
    const stored = after(object, decide(anInput(old, object)));
    return [question('/mutate', 2 * i, old, object), question('/validate', 2 * i + 1, old, stored)];
  }).flat();

const question = (path: Question['path'], i: number, old: Deployment, object: Deployment): Question => {
  const uid = `705ab4f5-6393-11e8-b7cc-${String(i).padStart(12, '0')}`;
  return { uid, path, body: Buffer.from(JSON.stringify(review(uid, old, object))) };
};

const review = (uid: string, oldObject: Deployment, object: Deployment): object => {
  const { name, namespace } = object.metadata;
  const kind = { group: 'apps', version: 'v1', kind: 'Deployment' };
  const resource = { group: 'apps', version: 'v1', resource: 'deployments' };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name,
      namespace,
      operation: 'UPDATE',
      userInfo: { username: 'alice@example.com', groups: ['developers', 'system:authenticated'] },
      object,
      oldObject,
      dryRun: false,
      options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl-client-side-apply' },
    },
  };
};
