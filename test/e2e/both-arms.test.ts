/**
 * What people change together with a template, and what happens to stable in the middle, beside the native rollout of the
 * very same write: callers lose about as many requests with Sluice as without it, or fewer.
 * @long 110 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { requestKey } from '../../src/schema/annotations.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { ReleaseStatus } from '../../src/schema/release.ts';
import type { Deployment, JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import type { Load } from '../support/load.ts';
import { firstReady } from '../support/first-ready.ts';
import { app, service } from '../support/manifests.ts';
import { keepMeasured } from '../field-cases/measured.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';

jest.setTimeout(240_000);

const annotations = {
  'sluice.dev/canary': 'enabled',
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
  /** From the write on nobody answers before the first new pod does. */
  readonly waitsForPod?: true;
  /** Without a mesh, and how its release ends. */
  readonly plain?: ReleaseStatus['phase'];
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

const relabelled: Story = {
  before: [apex({ selector: { track: 'blue' } }), web('v1', tracked('blue'))],
  write: [web('v2', tracked('green')), apex({ selector: { track: 'green' } })],
  waitsForPod: true,
};
const moved: Story = {
  before: [toPort(8080), web('v1', listening(8080))],
  write: [toPort(9090), web('v2', listening(9090))],
  waitsForPod: true,
};

const stories = {
  'F1: pod label and Service selector change in one commit': relabelled,
  'F2: the port moves in Deployment and Service together': moved,
  'F1: the same without a mesh': { ...relabelled, plain: 'Succeeded' },
  'F2: the same without a mesh': { ...moved, plain: 'Skipped' },
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

const optedIn = (object: object, { plain }: Story): object => {
  const { metadata, ...rest } = object as KubeObject;
  const provider = plain === undefined ? 'istio' : 'kubernetes';
  const wanted = { ...annotations, 'sluice.dev/provider': provider };
  return rest.kind === 'Deployment' ? { ...rest, metadata: { ...metadata, annotations: wanted } } : object;
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

/** Requests that are lost while one pod becomes known a moment later than another. */
const noise = 15;
const rps = 40;

/**
 * Both writes are made at the same time, so that a busy machine is busy for both. With Sluice the new pods begin some writes
 * later, and each takes as long as the machine lets it: all of them never as long as two pods need to be made and ready.
 */
const allowed = (native: Lost, podTook = 0): number => native.failed + noise + (2 * rps * podTook) / 1000;

beforeAll(async () => {
  stage = await Stage.set('both-arms');
  await stage.sluice();
});

afterAll(async () => stage.teardown());

/** The objects of both, each kind of one beside that of the other. */
const bothOf = (writes: readonly Written[], name: string, story: Story): readonly object[] =>
  writes.flatMap((write) => [write(`${name}-native`), optedIn(write(name), story)]);

/** What happens in the middle is done to the native rollout first, and to the release once its first split is in place. */
const oneByOne = async (story: Story, name: string, meanwhile: NonNullable<Story['meanwhile']>): Promise<void> => {
  const native = `${name}-native`;
  await stage.apply(...story.write.map((write) => write(native)));
  await stage.untilRolledOut(native);
  await meanwhile(native);
  await stage.apply(...story.write.map((write) => optedIn(write(name), story)));
  await stage.until(`the first split of ${name}`, () => underWay(name));
  await meanwhile(name);
  await stage.until('the canary to stand in', () => stage.releases(name).at(-1)?.status?.standIn !== undefined);
  const annotation = `${requestKey('both-arms')}=${JSON.stringify({ verb: 'promote' })}`;
  await stage.kubectlOk('annotate', 'release', stage.releases(name).at(-1)?.name ?? '', annotation);
};

const nameOf = (title: string, { plain }: Story): string =>
  `${title.slice(0, 2).toLowerCase()}${plain === undefined ? '' : '-plain'}`;

describe('failed requests beside those of a native rollout', () => {
  test.each(Object.entries<Story>(stories))('%s', async (title, story) => {
    const name = nameOf(title, story);
    const native = `${name}-native`;
    await stage.apply(...bothOf(story.before, name, story));
    await Promise.all([stage.untilRolledOut(name), stage.untilRolledOut(native)]);
    const loads = [await stage.load({ host: name, rps }), await stage.load({ host: native, rps })] as const;

    const podTook = firstReady(stage.view, native);
    if (story.meanwhile === undefined) await stage.apply(...bothOf(story.write, name, story));
    else await oneByOne(story, name, story.meanwhile);
    const ending = story.plain ?? 'Succeeded';
    await stage.until(`${name} to be ${ending}`, () => stage.releases(name).at(-1)?.status?.phase === ending);
    await Promise.all([stage.untilRolledOut(name), stage.untilRolledOut(native)]);

    const [here, there] = [await lostIn(loads[0]), await lostIn(loads[1])];
    await Promise.all(loads.map((load) => load.stop()));
    const took = Math.round(podTook() ?? 0);
    const seen = `with Sluice ${JSON.stringify(here)}, natively ${JSON.stringify(there)}, whose first pod took ${took} ms`;
    process.stdout.write(`${title}: ${seen}\n`);
    if (story.plain === undefined)
      keepMeasured(title.slice(0, 2), { sluice: measuredOf(here), native: measuredOf(there) });
    expect(here.failed).toBeLessThanOrEqual(allowed(there, story.waitsForPod === true ? took : 0));
    await stage.until('the canary to be gone', () => stage.get(kinds.deployment, `${name}-canary`) === undefined);
  });
});
