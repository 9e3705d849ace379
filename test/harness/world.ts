/**
 * A cluster in memory with Sluice in it: the real controller, providers, policies and admission, Kubernetes' own control loops,
 * a clock that moves when told to, and people. Stories are told in what people see and do.
 */
import { isA, type Gvk, type JsonObject, type KubeObject, type ObjectRef } from '../../src/values/kube-object.ts';
import type { Milliseconds } from '../../src/values/time.ts';
import { boundMarks } from '../../src/core/marks/marks.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { steadyClock } from '../../src/kube/steady-clock.ts';
import { noFaults, type FaultPlan } from '../../src/memory/faults.ts';
import type { MemoryCluster } from '../../src/memory/memory-client.ts';
import { connectMemory } from '../../src/memory/memory-cluster.ts';
import { MemoryServer, type Admission, type Removal, type Review } from '../../src/memory/memory-server.ts';
import { runControllers, type MemoryControllers } from '../../src/memory/run-controllers.ts';
import { definitionOf } from '../../src/memory/served-kinds.ts';
import { controllerWatches, devWatches } from '../../src/main/watches.ts';
import { manualClock, unsettable, type Clock, type ManualClock } from '../../src/ports/clock.ts';
import type { ClusterError } from '../../src/ports/cluster.ts';
import type { JournalEntry } from '../../src/ports/journal.ts';
import type { Controller } from '../../src/controller/controller.ts';
import { marks, requestKey, splitAnnotation } from '../../src/schema/annotations.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { apiVersion, isOurs } from '../../src/schema/names.ts';
import type { PolicySpec } from '../../src/schema/policy.ts';
import type { RequestVerb } from '../../src/schema/request.ts';
import { destinationRules } from '../../src/traffic/destination-rules.ts';
import { virtualServices } from '../../src/traffic/istio.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { sluiceAdmission } from './admission.ts';
import {
  judgedBy,
  seeRelease,
  storyController,
  storyMetrics,
  type SeenRelease,
  type StoryMetrics,
} from './engine-wiring.ts';
import { watchRequests, type Requests } from './requests.ts';

export const namespace = 'shop';
export const alice = 'alice@example.com';
const sluice = 'system:serviceaccount:sluice-system:sluice';
export const propagation: Milliseconds = 2000;

/** How the traffic of `web` is split: in the user's own route, in one that Sluice makes, or by the number of pods. */
export type Splitting = 'adopted' | 'generated' | 'replicas';

export type WorldOptions = {
  readonly splitting?: Splitting;
  readonly policy?: Partial<PolicySpec>;
  readonly replicas?: number;
  readonly strategy?: 'RollingUpdate' | 'Recreate';
  /** How late the slowest proxy follows; just under what the policy allows unless said. */
  readonly slowestProxy?: Milliseconds;
};

/** A controller that runs, or has been killed. */
export type Instance = { readonly cluster: MemoryCluster; readonly controller: Controller };

export type SeenPod = {
  readonly name: string;
  readonly uid: string;
  /** Name of the Deployment. */
  readonly owner: string;
  readonly version: string;
};

const route: Gvk = virtualServices.gvk;

export const refs = {
  web: { gvk: kinds.deployment, namespace, name: 'web' },
  service: { gvk: kinds.service, namespace, name: 'web' },
  policy: { gvk: kinds.canaryPolicy, namespace, name: 'story' },
  canary: { gvk: kinds.deployment, namespace, name: 'web-canary' },
  canaryService: { gvk: kinds.service, namespace, name: 'web-canary' },
  route: { gvk: route, namespace, name: 'web-routes' },
} as const satisfies Record<string, ObjectRef>;

export class World {
  readonly clock: ManualClock = manualClock();
  readonly server: MemoryServer;
  readonly kubernetes: MemoryControllers;
  readonly metrics: StoryMetrics = storyMetrics();
  /** Errors of reconciles that are none of the cluster's. */
  readonly bugs: string[] = [];
  readonly warnings: string[] = [];
  readonly events: JournalEntry[] = [];
  readonly #options: Required<WorldOptions>;
  #webhookIsThere = true;
  #refusal: (review: Review) => ClusterError | undefined = () => undefined;
  readonly #applied = new Map<string, JsonObject>();
  #instance: Instance | undefined;
  #asked = 0;
  #restarts = false;
  #machineAhead: Milliseconds = 0;
  #serverAhead: Milliseconds = 0;
  #requests: Requests | undefined;

  private constructor(options: WorldOptions) {
    this.#options = {
      splitting: 'adopted',
      policy: {},
      replicas: 4,
      strategy: 'RollingUpdate',
      slowestProxy: propagation - 1,
      ...options,
    };
    this.server = new MemoryServer({ clock: this.clock });
    this.kubernetes = runControllers(this.server);
    this.#install();
    const admission = this.#webhook();
    this.server.admission = (review) => {
      const error = this.#refusal(review);
      if (error !== undefined) throw error;
      return this.#webhookIsThere ? admission(review) : review.object;
    };
    this.apply(service());
    if (this.#options.splitting === 'adopted') this.apply(virtualService());
    this.apply({ apiVersion, kind: 'CanaryPolicy', metadata: { name: 'story' }, spec: this.#policy() });
    this.applyVersion('v1');
    this.metrics.say('pass');
  }

  /** Version `v1` of `web` serves, and a controller runs. */
  static async begin(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    await world.settle();
    world.#requests = watchRequests(world.server, { namespace, service: 'web' }, world.#options.slowestProxy);
    world.start();
    await world.settle();
    return world;
  }

  #install(): void {
    const root = { user: 'root' };
    this.server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, kinds.namespace, root);
    const own = [kinds.release, kinds.canaryPolicy, kinds.clusterCanaryPolicy].map((kind) => definitionOf(kind));
    const meshes =
      this.#options.splitting === 'replicas' ? [] : [definitionOf(route), definitionOf(destinationRules.gvk)];
    for (const definition of [...own, ...meshes]) this.server.create(definition, kinds.crd, root);
  }

  #webhook(): Admission {
    const view = connectMemory({ server: this.server, watch: devWatches(undefined) });
    const warn = (warnings: readonly string[]): void => void this.warnings.push(...warnings);
    const admission = sluiceAdmission({ view, clock: this.clock, sluice, warn });
    return (review) => {
      // What people have done just now is known: there are no stories here about a webhook that is behind.
      view.deliver();
      return admission(review);
    };
  }

  #policy(): PolicySpec {
    const provider = this.#options.splitting === 'replicas' ? 'kubernetes' : 'istio';
    return judgedBy({
      provider,
      weights: [20, 50],
      interval: '10s',
      threshold: 2,
      progressDeadline: '60s',
      ...this.#options.policy,
    });
  }

  /** The clock of the machine that the controller runs on is set; a controller that is started then begins with it. */
  setMachine(ahead: Milliseconds): void {
    this.#machineAhead = ahead;
  }

  /** The API server's clock, as its answers tell it. */
  setServer(ahead: Milliseconds): void {
    this.#serverAhead = ahead;
  }

  /** As the composition root makes it; each reading hears an answer of the API server. */
  #controllersClock(): Clock {
    const { clock } = this;
    const after: Clock['after'] = (delay, run) => clock.after(delay, run);
    const base = unsettable({ now: () => clock.now() + this.#machineAhead, after }, () => clock.now());
    const steady = steadyClock(base);
    return {
      now: () => {
        steady.heard(new Date(clock.now() + this.#serverAhead).toUTCString(), base.now());
        return steady.now();
      },
      after,
    };
  }

  /** Starts a controller on what is there; the one before must have been killed. */
  start(faults: FaultPlan = noFaults): Instance {
    const watch = controllerWatches(undefined);
    const author = { user: sluice, fieldManager: 'sluice' };
    const cluster = connectMemory({ server: this.server, watch, author, faults });
    const controller = storyController({
      cluster,
      clock: mortal(this.#controllersClock(), cluster),
      journal: {
        record: (entry) => {
          if (!cluster.killed) this.events.push(entry);
        },
      },
      metrics: this.metrics,
      bug: (words) => this.bugs.push(words),
    });
    controller.start();
    this.#instance = { cluster, controller };
    return this.#instance;
  }

  /** Where the requests to `web` go, and whether one would have been lost. */
  get requests(): Requests {
    if (this.#requests === undefined) throw new Error('nothing serves yet');
    return this.#requests;
  }

  /** The controller that was started last. */
  get instance(): Instance {
    if (this.#instance === undefined) throw new Error('no controller has been started');
    return this.#instance;
  }

  kill(): void {
    this.instance.cluster.kill();
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.pass(0);
  }

  async pass(duration: Milliseconds): Promise<void> {
    await this.clock.advanceAsync(duration);
    this.#requests?.look();
    if (this.#restarts && this.instance.cluster.killed) {
      this.start();
      await this.clock.advanceAsync(0);
    }
  }

  /** From now on another controller is started when one has been killed. */
  restart(): void {
    this.#restarts = true;
  }

  /** Lets time pass, from one thing that happens to the next, until it holds. Rejects with what was there instead. */
  async until(what: string, holds: (world: World) => boolean, limit: Milliseconds = 600_000): Promise<void> {
    const end = this.clock.now() + limit;
    await this.settle();
    while (!holds(this)) {
      const [next] = this.clock.waiting();
      if (next === undefined || this.clock.now() + next > end)
        throw new Error(`waited ${limit / 1000} s in vain for ${what}; there is ${this.summary()}`);
      await this.pass(next);
    }
  }

  /** What there is, in a line. */
  summary(): string {
    const { phase, message } = this.release() ?? { phase: 'no release', message: '' };
    const { annotations } = this.get(refs.web)?.metadata ?? {};
    return `${phase} (${message}), share ${this.requests.share() ?? '-'}, ${JSON.stringify(annotations)}, ${this.bugs.join('; ')}`;
  }

  // What people do.

  /** As `kubectl apply` does it: what is written is there, and what was written before and is not written now is gone. */
  apply(object: object, user = alice): KubeObject {
    const wanted = inNamespace(object);
    const ref = refOf(wanted);
    const author = { user, fieldManager: 'kubectl-client-side-apply' };
    const key = `${wanted.kind}/${wanted.metadata.name}`;
    const body = wanted as unknown as JsonObject;
    const before = this.#applied.get(key) ?? {};
    this.#applied.set(key, body);
    if (this.server.get(ref) === undefined) return this.server.create(wanted, ref.gvk, author);
    return this.server.patch(ref, { type: 'merge', body: withRemovals(before, body) }, {}, author);
  }

  /** Does something to an object as somebody who is not asked who they are, such as an old controller. */
  asRoot(): { readonly create: (object: object) => KubeObject } {
    return {
      create: (object) => this.server.create(inNamespace(object), refOf(object as KubeObject).gvk, { user: 'root' }),
    };
  }

  /** Applies `web` in this version, opted in unless other annotations are given. */
  applyVersion(version: string, annotations: Record<string, string> = optedIn, user = alice): KubeObject {
    const { replicas, strategy } = this.#options;
    const object = app({ version, replicas, annotations }) as KubeObject;
    // What an autoscaler has set stays.
    const size = this.get(refs.web)?.spec.replicas ?? replicas;
    return this.apply({ ...object, spec: { ...object.spec, replicas: size, strategy: { type: strategy } } }, user);
  }

  patch(ref: ObjectRef, body: JsonObject, user = alice): KubeObject {
    return this.server.patch(ref, { type: 'merge', body }, {}, { user, fieldManager: 'kubectl-edit' });
  }

  remove(ref: ObjectRef, removal: Removal = {}, user = alice): void {
    this.server.remove(ref, removal, { user });
  }

  /** As an autoscaler does it. */
  scale(replicas: number): void {
    const patch = { type: 'merge', body: { spec: { replicas } } } as const;
    this.server.patch(refs.web, patch, { subresource: 'scale' }, { user: 'system:serviceaccount:kube-system:hpa' });
  }

  /** As `kubectl sluice` does it, about the release of the template that is there, or else the newest. */
  ask(verb: RequestVerb, user = alice): void {
    const workload = this.get(refs.web);
    const marked = workload === undefined ? undefined : boundMarks(workload)?.release;
    const name = marked ?? this.release()?.name;
    if (name === undefined) throw new Error(`there is no release to ${verb}`);
    this.#asked += 1;
    this.patch(
      { gvk: kinds.release, namespace, name },
      { metadata: { annotations: { [requestKey(`request-${this.#asked}`)]: JSON.stringify({ verb }) } } },
      user,
    );
  }

  /** While it is away nobody of Sluice is asked about a write. */
  webhook(state: 'there' | 'away'): void {
    this.#webhookIsThere = state === 'there';
  }

  /** Another admission controller, which refuses what it finds words for. */
  otherAdmission(refusal: (review: Review) => ClusterError | undefined): void {
    this.#refusal = refusal;
  }

  // What people see.

  get<T extends KubeObject>(ref: ObjectRef<T>): T | undefined {
    return this.server.get(ref);
  }

  /** Oldest first. */
  releases(): readonly SeenRelease[] {
    return this.server.list(kinds.release, namespace).map(seeRelease);
  }

  /** The newest. */
  release(): SeenRelease | undefined {
    return this.releases().at(-1);
  }

  /** Version that the pods behind the Service run, with their number. */
  serving(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const set of this.server.list(kinds.replicaSet, namespace)) {
      const image = imageOf(set.spec.template.spec);
      const owner = set.metadata.ownerReferences?.[0]?.name ?? '';
      const ready = Number(set.status?.['readyReplicas'] ?? 0);
      const key = `${owner} ${image}`;
      if (ready > 0) counts[key] = (counts[key] ?? 0) + ready;
    }
    return counts;
  }

  /** Pods with the Deployment they are of. */
  pods(): readonly SeenPod[] {
    return this.server.list(kinds.pod, namespace).map(({ metadata, spec }) => ({
      name: metadata.name,
      uid: metadata.uid ?? '',
      owner: metadata.name.split('-').slice(0, -2).join('-'),
      version: imageOf(spec),
    }));
  }

  /** Why `kubectl rollout status` of `web` fails; undefined where it does not. */
  rolloutProblem(): string | undefined {
    const found = this.get(refs.web)?.status?.conditions?.find(
      ({ type, status }) => type === 'Progressing' && status === 'False',
    );
    return found && `${found.reason ?? ''}: ${found.message ?? ''}`;
  }

  /** Hash of the template that `web` has. */
  templateHash(): string {
    const web = this.get(refs.web);
    return web === undefined ? '' : templateHash(web.spec.template);
  }

  /** Whether the roll of `web` is over, as `kubectl rollout status` has it. */
  rolledOut(): boolean {
    const { metadata, spec, status = {} } = this.get(refs.web) ?? {};
    const wanted = spec?.replicas ?? 1;
    const seen = status.observedGeneration === metadata?.generation;
    return (
      seen && status.updatedReplicas === wanted && status.replicas === wanted && status.availableReplicas === wanted
    );
  }

  /** What a release has made and what it has put into others' objects, as far as it is still there. */
  remains(): readonly string[] {
    const made: readonly ObjectRef[] = [refs.canary, refs.canaryService];
    const routes = this.server.serves(route) ? this.server.list(route) : [];
    const workload = this.get(refs.web);
    const marked = workload === undefined ? undefined : boundMarks(workload)?.release;
    return [
      ...made.filter((ref) => this.get(ref) !== undefined).map(({ gvk: { kind }, name }) => `${kind} ${name}`),
      ...routes.filter((one) => carriesSplit(one) || isOurs(one)).map(({ metadata }) => `route ${metadata.name}`),
      ...(marked === undefined ? [] : [`marks of ${marked}`]),
    ];
  }

  /**
   * Told of every write that unpauses `web` for a promotion: whether the canary that is there runs the very template, and
   * whether the write has left it as it was.
   */
  onPromotion(tell: (promotion: { readonly judged: boolean; readonly same: boolean }) => void): void {
    this.server.subscribe(({ type, object, before }) => {
      if (type !== 'set' || before === undefined || !isA(object, kinds.deployment) || !isA(before, kinds.deployment))
        return;
      const isUnpaused =
        object.metadata.name === 'web' && before.spec.paused === true && object.spec.paused === undefined;
      if (!isUnpaused || object.metadata.annotations?.[marks.phase] !== 'Promoting') return;
      const hash = templateHash(object.spec.template);
      tell({
        judged: this.get(refs.canary)?.metadata.annotations?.[marks.releaseHash] === hash,
        same: templateHash(before.spec.template) === hash,
      });
    });
  }

  /** Reasons of the events, in order. */
  told(): readonly string[] {
    return this.events.map(({ reason }) => reason);
  }
}

export const optedIn = { 'sluice.dev/canary': 'enabled', 'sluice.dev/policy': 'story' };

const carriesSplit = ({ metadata }: KubeObject): boolean => metadata.annotations?.[splitAnnotation] !== undefined;

const imageOf = (spec: JsonObject | undefined): string => {
  const [container] = (spec?.['containers'] ?? []) as readonly { readonly image?: string }[];
  return (container?.image ?? '').replace('sluice.test/app:', '');
};

const inNamespace = (object: object): KubeObject => {
  const { metadata, ...rest } = object as KubeObject;
  return { ...rest, metadata: { namespace, ...metadata } };
};

const known: readonly Gvk[] = [...Object.values(kinds), route, destinationRules.gvk];

const refOf = ({ kind, metadata: { name, namespace: own = namespace } }: KubeObject): ObjectRef => {
  const found = known.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not known here`);
  return { gvk: found, namespace: own, name };
};

/** The patch that brings the second about where the first was written before: what is missing goes. */
const withRemovals = (before: JsonObject, wanted: JsonObject): JsonObject => {
  const gone = Object.keys(before).filter((key) => !(key in wanted));
  const kept = Object.entries(wanted).map(([key, value]) => {
    const old = before[key];
    const both = isMap(old) && isMap(value);
    return [key, both ? withRemovals(old, value) : value] as const;
  });
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...kept]);
};

const isMap = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nothing that a killed process has set a timer for happens. */
const mortal = (clock: Clock, cluster: MemoryCluster): Clock => ({
  now: () => clock.now(),
  after: (delay, run) =>
    clock.after(delay, () => {
      if (!cluster.killed) run();
    }),
});
