/** The webhook, run inside a test against a real API server, for one namespace of it. */
import { sourceForms } from '../../src/metrics/index.ts';
import { pino } from 'pino';
import { issueServing, makeAuthority } from '../../src/certs/authority.ts';
import { newPrivateKey } from '../../src/certs/key-pair.ts';
import { admissionAnswers, type Answering } from '../../src/core/admission/admission-answers.ts';
import type { AdmissionRules } from '../../src/core/admission/admission-rules.ts';
import type { Deployment, JsonObject } from '../../src/values/kube-object.ts';
import { parsePolicy } from '../../src/core/policy/parse-policy.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { memoryJournal, type MemoryJournal } from '../../src/ports/journal.ts';
import { webhookConfigurations, type WebhookConfiguration } from '../../src/manifests/webhooks.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { workedKinds } from '../../src/main/worked-kinds.ts';
import { routeFormats, usedKinds } from '../../src/traffic/index.ts';
import { webhookApp } from '../../src/webhook/webhook-app.ts';
import { startWebhookServer, type ServingCertificate, type WebhookServer } from '../../src/webhook/webhook-server.ts';
import type { Finished } from '../cluster/binaries/run-command.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { sluice } from './admission-input.ts';

export type AdmissionKit = {
  /** kubectl in the namespace; `input` is its standard input. */
  kubectl(args: readonly string[], input?: object | string): Promise<Finished>;
  /** The same, and an error with kubectl's words when it fails. */
  succeed(args: readonly string[], input?: object | string): Promise<string>;
  deployment(name: string): Promise<Deployment>;
  /** Cases of the questions that were answered since the last call. */
  seen(): readonly string[];
  /** Questions about this object so far, with what was answered: `mutate released`. */
  asked(name: string): readonly string[];
  /** While it runs, nothing listens on the webhook's port. */
  whileDown<T>(run: () => Promise<T>): Promise<T>;
  readonly certificate: ServingCertificate;
  /** Base64 of the PEM authority. */
  readonly caBundle: string;
  /** What everybody should know of. */
  readonly journal: MemoryJournal;
  stop(): Promise<void>;
};

const noPolicies: AdmissionRules = {
  sluiceUsers: [sluice],
  forms: sourceForms,
  formats: routeFormats,
  routeKinds: usedKinds,
  policyOf: ({ metadata }) =>
    parsePolicy({
      forms: sourceForms,
      annotations: metadata.annotations,
      namespace: metadata.namespace ?? '',
      find: () => undefined,
    }),
};

/** A certificate for this machine, and whom to trust for it: base64 of the PEM authority. */
export const localCertificate = async (): Promise<Pick<AdmissionKit, 'certificate' | 'caBundle'>> => {
  const [caKey, key] = await Promise.all([newPrivateKey(), newPrivateKey()]);
  const now = Date.now();
  const authority = makeAuthority({ key: caKey, now, days: 1 });
  const certificate = issueServing({ authority, key, now, days: 1, dnsNames: [], ips: ['127.0.0.1'] });
  return { certificate, caBundle: Buffer.from(authority.cert).toString('base64') };
};

export type AdmissionOptions = {
  /** What answers depend on; without it no named policy exists. */
  readonly rules?: AdmissionRules;
  /** Ask about objects without a namespace, too. */
  readonly clusterWide?: true;
  /** With `clusterWide`: further namespaces that are asked about. */
  readonly others?: readonly string[];
  /** Where the log goes, a JSON object per line; nowhere unless given. */
  readonly log?: { write(line: string): void };
};

/** Makes the namespace, starts the webhook and registers it for that namespace alone. */
export const startAdmission = async (
  cluster: Cluster,
  namespace: string,
  options: AdmissionOptions = {},
): Promise<AdmissionKit> => {
  const { rules = noPolicies, clusterWide, others = [], log } = options;
  const { certificate, caBundle } = await localCertificate();
  const cases: string[] = [];
  const journal = memoryJournal();
  const answers = admissionAnswers(rules);
  const asked: (readonly [name: string, answer: string])[] = [];
  const recording =
    (how: string, answering: Answering): Answering =>
    (request, at) => {
      const answer = answering(request, at);
      if (!request.dryRun) asked.push([request.name ?? '', `${how} ${answer.case}`]);
      return answer;
    };
  const app = webhookApp({
    ...answers,
    mutate: recording('mutate', answers.mutate),
    validate: recording('validate', answers.validate),
    journal,
    ready: () => true,
    failureMode: 'closed',
    log: log === undefined ? pino({ level: 'silent' }) : createLog('info', log),
    metrics: { admission: (seen) => void cases.push(seen) },
    clock: systemClock,
  });
  const start = (port: number): Promise<WebhookServer> =>
    startWebhookServer({
      app,
      certificate,
      host: '127.0.0.1',
      port,
      clock: systemClock,
      limits: { lameDuck: 0, grace: 0 },
    });
  let server = await start(0);
  const configurations = webhookConfigurations({
    name: namespace,
    clientConfig: { url: `https://127.0.0.1:${server.port}` },
    caBundle,
    sluiceUsers: [sluice],
    providerKinds: workedKinds,
    ...(clusterWide === undefined ? { namespace } : {}),
    failurePolicy: 'Fail',
  }).map((configuration) =>
    clusterWide === undefined ? configuration : onlyIn([namespace, ...others], configuration),
  );
  const kubectl = (args: readonly string[], input?: object | string): Promise<Finished> =>
    cluster.run(
      'kubectl',
      ['-n', namespace, ...args],
      input === undefined ? {} : { input: typeof input === 'string' ? input : JSON.stringify(input) },
    );
  const succeed = async (args: readonly string[], input?: object | string): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await succeed(['create', 'namespace', namespace]);
  await cluster.apply([...configurations]);
  await settled(kubectl);
  cases.length = 0;
  return {
    kubectl,
    succeed,
    deployment: async (name) => JSON.parse(await succeed(['get', 'deployment', name, '-o', 'json'])) as Deployment,
    seen: () => cases.splice(0),
    asked: (about) => asked.filter(([name]) => name === about).map(([, answer]) => answer),
    whileDown: async (run) => {
      await server.close();
      try {
        return await run();
      } finally {
        server = await start(server.port);
      }
    },
    certificate,
    caBundle,
    journal,
    stop: async () => {
      await kubectl(['delete', 'mutatingwebhookconfiguration,validatingwebhookconfiguration', namespace]);
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      await server.close();
    },
  };
};

/** Whatever is asked about objects of a namespace is asked about these alone. */
const onlyIn = (namespaces: readonly string[], configuration: WebhookConfiguration): WebhookConfiguration => {
  const only = { key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces };
  const webhooks = configuration.webhooks.map((webhook) => {
    const { matchExpressions = [] } = webhook['namespaceSelector'] as { matchExpressions?: readonly JsonObject[] };
    return { ...webhook, namespaceSelector: { matchExpressions: [only, ...matchExpressions] } };
  });
  return { ...configuration, webhooks };
};

/** The API server reads configurations from a watch: it asks us from some moment soon after they are stored. */
const settled = async (kubectl: AdmissionKit['kubectl']): Promise<void> => {
  const wrong = {
    ...aManifest('settled', 'sluice.test/app:1'),
    metadata: { name: 'settled', annotations: { 'sluice.dev/canary': 'neither' } },
  };
  let said = '';
  const isAsked = async (): Promise<boolean> => {
    said = (await kubectl(['create', '--dry-run=server', '-f', '-'], wrong)).stderr;
    return said.includes('sluice.dev/canary');
  };
  await waitUntil('the API server to ask the webhook', isAsked, { seen: () => said || 'no objection' });
};

/** What a person would have in Git. */
export const aManifest = (
  name: string,
  image: string,
  annotations: Record<string, string> = { 'sluice.dev/canary': 'enabled' },
) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, annotations },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image }] } },
  },
});
