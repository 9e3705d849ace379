/**
 * Run inside a cluster of its own: workloads at the target of a real HorizontalPodAutoscaler are released at 50 %, for long
 * enough that it makes stable smaller. The load of each is fixed; what a pod uses is its part by the split in the routes and
 * by the ready pods of its arm. Prints as JSON how much that was at most, and what became of each.
 * `cluster-parts.test.ts` judges.
 */
import { kinds } from '../../src/schema/kinds.ts';
import { virtualServices } from '../../src/traffic/istio.ts';
import { isSameKind, type JsonObject, type KubeObject } from '../../src/values/kube-object.ts';
import { begin, lifeOf, type Life, type Version } from '../support/life.ts';
import { serveResourceMetrics } from '../support/resource-metrics.ts';
import { Stage } from '../support/stage.ts';

export type AutoscaledReport = {
  /** Sizes of the workload, in the order in which they were seen. */
  readonly sizes: readonly number[];
  /** Pods of the canary while stable was smallest. */
  readonly canaryPods: number;
  /** Millicores that a pod used at most until the split was lifted, and how that came to be. */
  readonly most: { readonly stable: number; readonly canary: number; readonly when: string };
  /** Ready pods of stable when the split was lifted. */
  readonly whenLifted: number;
  readonly phase: string;
  /** What the autoscaler did, in its own words. */
  readonly rescaled: readonly string[];
  readonly requests: number;
  /** Requests that no application answered. */
  readonly lost: number;
};
export type AutoscalerReport = Readonly<Record<string, AutoscaledReport>>;

/** Millicores at the target: 60 % of what a pod asks for. */
const target = 60;
const replicas = { promoted: 8, aborted: 8, failed: 4, superseded: 4 } as const;
type Name = keyof typeof replicas;
const names = Object.keys(replicas) as readonly Name[];

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1s',
  'sluice.dev/no-data': 'pass',
  'sluice.dev/approval': 'required',
};
/** Fails at the end of its step, when the autoscaler has long answered. */
const failing = { ...annotations, 'sluice.dev/interval': '30s', 'sluice.dev/threshold': '1' };

const autoscaler = (name: Name): object => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas: 1,
    maxReplicas: 12,
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 10 } },
  },
});

const stage = await Stage.set('autoscaler');

/** A roll that never has fewer pods than it should, and is over at once, so that what is measured is the release's doing. */
const withRequests = (life: Life, version: Version): Version => {
  const { spec } = life.manifest(version) as { readonly spec: { readonly template: JsonObject } };
  const pod = spec.template['spec'] as { readonly containers: readonly JsonObject[] };
  const containers = pod.containers.map((one) => ({
    ...one,
    resources: { requests: { cpu: '100m' } },
    // A busy machine that answers a probe late takes no pod away.
    readinessProbe: { ...(one['readinessProbe'] as JsonObject), timeoutSeconds: 10, failureThreshold: 5 },
  }));
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '100%' } };
  return { ...version, spec: { strategy, template: { ...spec.template, spec: { ...pod, containers } } } };
};
const v = (life: Life, version: string, rest: Omit<Version, 'version' | 'annotations'> = {}): Version =>
  withRequests(life, { version, annotations: life.name === 'failed' ? failing : annotations, ...rest });

type Arm = 'stable' | 'canary';
const armOf = (name: Name, pod: KubeObject): Arm | undefined => {
  if (pod.metadata.labels?.['app'] === name) return 'stable';
  return pod.metadata.name.startsWith(`${name}-canary-`) ? 'canary' : undefined;
};

const isReady = ({ metadata, status }: KubeObject): boolean => {
  const conditions = (status?.['conditions'] ?? []) as readonly { readonly type: string; readonly status: string }[];
  const ready = conditions.some((one) => one.type === 'Ready' && one.status === 'True');
  return ready && metadata.deletionTimestamp === undefined;
};

const readyPods = (name: Name, arm: Arm): number =>
  stage.view.list(kinds.pod, stage.namespace).filter((pod) => armOf(name, pod) === arm && isReady(pod)).length;

type Destination = { readonly weight?: number; readonly destination: { readonly host: string } };
type Rules = { readonly spec?: { readonly http?: readonly { readonly route?: readonly Destination[] }[] } };

/** Percent that the routes send to the canary. */
const shareOf = (name: Name): number => {
  const routes = stage.view.list(virtualServices.gvk, stage.namespace) as readonly Rules[];
  const all = routes.flatMap(({ spec }) => spec?.http?.flatMap(({ route }) => route ?? []) ?? []);
  return all.find(({ destination: { host } }) => host.split('.')[0] === `${name}-canary`)?.weight ?? 0;
};

const usedBy = (name: Name, arm: Arm): number => {
  const part = arm === 'canary' ? shareOf(name) : 100 - shareOf(name);
  return part === 0 ? 0 : (part * target * replicas[name]) / 100 / readyPods(name, arm);
};

type Seen = {
  sizes: number[];
  canaryPods: number;
  most: Record<Arm, number> & { when: string };
  whenLifted?: number;
  share: number;
};
const nothingSeen = (): Seen => ({ sizes: [], canaryPods: 0, most: { stable: 0, canary: 0, when: '' }, share: 0 });
const seen = Object.fromEntries(names.map((name) => [name, nothingSeen()])) as Record<Name, Seen>;

const life = (name: Name): string =>
  stage
    .releases(name)
    .map((release) => `${release.name} ${release.status?.phase ?? ''}`)
    .join();

const look = (name: Name): void => {
  const of = seen[name];
  const size = Number(stage.deployment(name)?.spec?.['replicas']);
  if (of.sizes.at(-1) !== size) of.sizes.push(size);
  const share = shareOf(name);
  // What the autoscaler makes of the size after that is its own affair.
  if (of.whenLifted !== undefined) return;
  if (of.share > 0 && share === 0) of.whenLifted = readyPods(name, 'stable');
  if (share > 0 && size === Math.min(...of.sizes)) of.canaryPods = readyPods(name, 'canary');
  of.share = share;
  // In its roll an autoscaler takes new pods, which it leaves out, for load that is gone, with any release or none.
  const isRolling = share > 0 && stage.release(name)?.status?.phase === 'Promoting';
  for (const arm of isRolling ? (['canary'] as const) : (['stable', 'canary'] as const)) {
    const used = usedBy(name, arm);
    if (used > Math.max(of.most.stable, of.most.canary))
      of.most.when = `${arm}: ${readyPods(name, arm)} ready pods, ${share} % to the canary, size ${of.sizes.join()}, ${life(name)}`;
    of.most[arm] = Math.max(of.most[arm], used);
  }
};

const ask = (release: string, verb: string): Promise<string> =>
  stage.kubectlOk('annotate', `release/${release}`, `sluice.dev/request.${verb}=${JSON.stringify({ verb })}`);

/** The autoscaler has answered to the split. */
const halved = async (life: Life, rest: Omit<Version, 'version' | 'annotations'> = {}): Promise<string> => {
  await life.apply(v(life, 'v2', rest));
  const { name } = await life.untilUnderWay();
  const half = replicas[life.name as Name] / 2;
  await stage.until(`${life.name} to be made smaller`, () => life.object().status?.['replicas'] === half);
  return name;
};
const waiting = (life: Life): Promise<unknown> =>
  stage.until(`${life.name} to wait for approval`, () => life.releases()[0]?.status?.phase === 'Waiting');

const stories: Record<Name, (life: Life) => Promise<unknown>> = {
  promoted: async (life) => {
    const release = await halved(life);
    await waiting(life);
    await ask(release, 'promote');
    await life.untilPhase(release, 'Succeeded');
  },
  aborted: async (life) => {
    const release = await halved(life);
    await ask(release, 'abort');
    await life.untilPhase(release, 'Aborted');
  },
  failed: async (life) => {
    const release = await halved(life, { env: { ERROR_RATE: '0.5' } });
    await life.untilPhase(release, 'Failed');
  },
  superseded: async (life) => {
    const release = await halved(life);
    await life.apply(v(life, 'v3'));
    await life.untilPhase(release, 'Superseded');
  },
};

const lives = names.map((name) => lifeOf(stage, name, replicas[name]));
await stage.sluice();
await Promise.all(lives.map((life) => begin(stage, [life], v(life, 'v1'))));
const metrics = await serveResourceMetrics(stage, (pod) => {
  const name = names.find((one) => armOf(one, pod) === 'stable');
  return name === undefined ? undefined : usedBy(name, 'stable');
});
await stage.apply(...names.map(autoscaler));
const loads = await Promise.all(names.map((host) => stage.load({ host, rps: 20 })));
await stage.until('the autoscalers to read metrics', () => metrics.asked() >= names.length);
stage.view.onChange(({ gvk }) => {
  if ([kinds.pod, kinds.deployment, virtualServices.gvk].some((one) => isSameKind(one, gvk))) names.forEach(look);
});
await Promise.all(lives.map((life) => stories[life.name as Name](life)));

const entries = lives.map(async (life, i): Promise<[string, AutoscaledReport]> => {
  const { sizes, canaryPods, most, whenLifted = 0 } = seen[life.name as Name];
  const { requests, failedTransport, failedInfrastructure } = await loads[i]!.total();
  const rescaled = stage.events(life.name).filter((event) => event.startsWith('SuccessfulRescale'));
  const phase = life.releases()[0]?.status?.phase ?? '';
  const lost = failedTransport + failedInfrastructure;
  return [life.name, { sizes, canaryPods, most, whenLifted, phase, rescaled, requests, lost }];
});
process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(entries))));
await metrics.stop();
await stage.teardown();
process.exit(0);
