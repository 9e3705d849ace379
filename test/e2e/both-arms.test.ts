/**
 * What people change together with a template, and what happens to stable in the middle, beside the native rollout of the
 * very same write: callers lose about as many requests with Sluice as without it, or fewer.
 * @long 70 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { requestKey } from '../../src/schema/annotations.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Deployment, JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import type { Load } from '../support/load.ts';
import { app, service } from '../support/manifests.ts';
import { keepMeasured } from '../field-cases/measured.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';

jest.setTimeout(240_000);

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '20',
  'sluice.dev/interval': '4s',
  'sluice.dev/no-data': 'pass',
};

/** An object that is written for a workload of this name. */
type Written = (name: string) => object;
type Story = {
  readonly before: readonly Written[];
  readonly write: readonly Written[];
  /** What happens once the first split of a release is in place, and to the native one after its rollout. */
  readonly meanwhile?: (name: string) => Promise<unknown>;
};

let stage: Stage;

type Change = (deployment: Deployment) => Deployment;

/** The test application, changed as a story needs it. */
const web =
  (version: string, change: Change = (same) => same, replicas = 3): Written =>
  (name) =>
    change(app({ name, version, replicas }) as Deployment);

const withTemplate = (
  { spec, ...rest }: Deployment,
  change: (template: Deployment['spec']['template']) => JsonObject,
) => ({ ...rest, spec: { ...spec, template: change(spec.template) } }) as Deployment;

const tracked =
  (track: string): Change =>
  (deployment) =>
    withTemplate(deployment, ({ metadata, ...rest }) => ({
      ...(rest as JsonObject),
      metadata: { ...metadata, labels: { ...metadata?.labels, track } },
    }));

const container =
  (more: JsonObject): Change =>
  (deployment) =>
    withTemplate(deployment, ({ metadata, spec = {} }) => ({
      metadata: metadata ?? {},
      spec: { ...spec, containers: (spec['containers'] as readonly JsonObject[]).map((one) => ({ ...one, ...more })) },
    }));

const listening = (port: number): Change =>
  container({
    ports: [{ containerPort: port }],
    env: [{ name: 'PORT', value: String(port) }],
    readinessProbe: { httpGet: { path: '/readyz', port }, periodSeconds: 1 },
  });

const reading = (settings: string): Change => container({ envFrom: [{ configMapRef: { name: settings } }] });

const withoutSurge: Change = ({ spec, ...rest }) => ({
  ...rest,
  spec: { ...spec, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
});

const apex =
  (more: JsonObject): Written =>
  (name) => {
    const made = service(name) as { readonly spec: JsonObject & { readonly selector: JsonObject } };
    const selector = { ...made.spec.selector, ...(more['selector'] as JsonObject | undefined) };
    return { ...made, spec: { ...made.spec, ...more, selector } };
  };
const toPort = (targetPort: number): Written => apex({ ports: [{ name: 'http', port: 80, targetPort }] });

const settings = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { A: '1' },
});

/** GitOps prunes what the new version does not read any more, and the pods that need it are evicted. */
const prunes = async (name: string): Promise<void> => {
  await stage.kubectlOk('delete', 'configmap', `${name}-a`);
  await stage.kubectlOk('delete', 'pod', '-l', `app=${name}`, '--wait=false');
};

const stories = {
  'F1: pod label and Service selector change in one commit': {
    before: [apex({ selector: { track: 'blue' } }), web('v1', tracked('blue'))],
    write: [web('v2', tracked('green')), apex({ selector: { track: 'green' } })],
  },
  'F2: the port moves in Deployment and Service together': {
    before: [toPort(8080), web('v1', listening(8080))],
    write: [toPort(9090), web('v2', listening(9090))],
  },
  'F4: stable loses all of its pods in the middle': {
    before: [(name) => settings(`${name}-a`), apex({}), (name) => web('v1', reading(`${name}-a`))(name)],
    write: [(name) => settings(`${name}-b`), (name) => web('v2', reading(`${name}-b`))(name)],
    meanwhile: prunes,
  },
  'D5: one replica without a surge': {
    before: [apex({}), web('v1', withoutSurge, 1)],
    write: [web('v2', withoutSurge, 1)],
  },
} satisfies Record<string, Story>;

const optedIn = (object: object): object => {
  const { metadata, ...rest } = object as KubeObject;
  return rest.kind === 'Deployment' ? { ...rest, metadata: { ...metadata, annotations } } : object;
};

type Lost = { readonly failed: number; readonly requests: number };

const measuredOf = ({ failed, requests }: Lost) => ({ lost: failed, requests });

const lostIn = async (load: Load): Promise<Lost> => {
  const { failedTransport, failedInfrastructure, requests } = await load.total();
  return { failed: failedTransport + failedInfrastructure, requests };
};

const underWay = (name: string): SeenRelease | undefined => {
  const release = stage.releases(name).at(-1);
  const { step, splitInPlaceAt } = release?.status ?? {};
  return step === 1 && splitInPlaceAt !== undefined ? release : undefined;
};

/**
 * Requests that are lost while one pod becomes known a moment later than another. Of F1 and F2, where callers wait for the
 * canary to be made and routed to: some seconds on a busy machine (0.5 s on a quiet one, see docs/field-cases.md); an outage
 * for as long as the release takes is above 300.
 */
const noise = 15;
const noiseOf = (title: string): number => (/^F[12]:/.test(title) ? 200 : noise);

beforeAll(async () => {
  stage = await Stage.set('both-arms');
  await stage.sluice();
});

afterAll(async () => stage.teardown());

describe('failed requests beside those of a native rollout', () => {
  test.each(Object.entries<Story>(stories))('%s', async (title, story) => {
    const name = title.slice(0, 2).toLowerCase();
    const native = `${name}-native`;
    await stage.apply(...story.before.flatMap((write) => [optedIn(write(name)), write(native)]));
    await Promise.all([stage.untilRolledOut(name), stage.untilRolledOut(native)]);
    const loads = [await stage.load({ host: name }), await stage.load({ host: native })] as const;

    await stage.apply(...story.write.map((write) => write(native)));
    await stage.untilRolledOut(native);
    await story.meanwhile?.(native);
    await stage.apply(...story.write.map((write) => optedIn(write(name))));
    if (story.meanwhile !== undefined) {
      await stage.until(`the first split of ${name}`, () => underWay(name));
      await story.meanwhile(name);
      await stage.until('the canary to stand in', () => stage.releases(name).at(-1)?.status?.standIn !== undefined);
      const annotation = `${requestKey('both-arms')}=${JSON.stringify({ verb: 'promote' })}`;
      await stage.kubectlOk('annotate', 'release', stage.releases(name).at(-1)?.name ?? '', annotation);
    }
    await stage.until(`${name} to be promoted`, () => stage.releases(name).at(-1)?.status?.phase === 'Succeeded');
    await Promise.all([stage.untilRolledOut(name), stage.untilRolledOut(native)]);

    const [here, there] = [await lostIn(loads[0]), await lostIn(loads[1])];
    await Promise.all(loads.map((load) => load.stop()));
    process.stdout.write(`${title}: with Sluice ${JSON.stringify(here)}, natively ${JSON.stringify(there)}\n`);
    keepMeasured(title.slice(0, 2), { sluice: measuredOf(here), native: measuredOf(there) });
    expect(here.failed).toBeLessThanOrEqual(there.failed + noiseOf(title));
    await stage.until('the canary to be gone', () => stage.get(kinds.deployment, `${name}-canary`) === undefined);
  });
});
