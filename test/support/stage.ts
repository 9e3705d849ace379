/**
 * A namespace of its own on the test cluster with everything a story needs: the objects as watches see them, kubectl,
 * Sluice as a process, a client behind a real Envoy and its load. Runs inside the cluster's network namespace.
 */
import { createHash } from 'node:crypto';
import type { Gvk, KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { connectApi, type Api } from '../../src/kube/api.ts';
import { connectCluster, type ConnectedCluster } from '../../src/kube/cluster.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { ReleaseSpec, ReleaseStatus } from '../../src/schema/release.ts';
import { routeFormats } from '../../src/traffic/index.ts';
import { installDefinitions } from '../../src/main/install.ts';
import type { Finished } from '../cluster/binaries/run-command.ts';
import type { ClientProxy } from '../cluster/client-proxy.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { inTime } from '../cluster/in-time.ts';
import { pause } from '../cluster/pause.ts';
import { attach } from '../cluster/up.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { memoryLog } from '../kube/memory-log.ts';
import { startLoad, type Load, type LoadOptions } from './load.ts';
import { startSluice, type Sluice, type SluiceOptions } from './sluice-process.ts';

/** How long the API server may take to serve definitions, and to list what is watched. */
const served = { withinMs: 90_000 };
/** For each of the things that a stage has to end. */
const endings = { withinMs: 60_000 };

export type SeenRelease = {
  readonly name: string;
  readonly object: KubeObject;
  readonly spec: ReleaseSpec;
  readonly status: ReleaseStatus | undefined;
};

export class Stage {
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly view: ConnectedCluster;
  readonly #api: Api;
  readonly #endings: (() => Promise<unknown>)[] = [];
  #proxy: Promise<ClientProxy> | undefined;

  private constructor(namespace: string, cluster: Cluster, parts: { api: Api; view: ConnectedCluster }) {
    this.namespace = namespace;
    this.cluster = cluster;
    this.#api = parts.api;
    this.view = parts.view;
  }

  /** Makes a namespace whose name begins like this, and waits until its objects are watched. */
  static set(name: string): Promise<Stage> {
    const unique = createHash('sha256').update(`${name}${process.pid}${Date.now()}`).digest('hex').slice(0, 5);
    return Stage.in(`${name.slice(0, 40)}-${unique}`);
  }

  static async in(namespace: string): Promise<Stage> {
    const cluster = await attach();
    const api = connectApi({
      env: { KUBECONFIG: cluster.kubeconfig },
      clock: systemClock,
      component: 'test',
      version: 'test',
    });
    const log = memoryLog();
    const routes = routeFormats.map(({ gvk }) => gvk);
    const watched: readonly Gvk[] = [kinds.deployment, kinds.replicaSet, kinds.pod, kinds.service, kinds.event];
    const view = connectCluster({
      api,
      clock: systemClock,
      log,
      watch: [
        ...watched.map((gvk) => ({ gvk, namespace })),
        { gvk: kinds.release, namespace },
        ...routes.map((gvk) => ({ gvk, namespace, optional: true })),
      ],
    });
    const stage = new Stage(namespace, cluster, { api, view });
    await stage.kubectlOk('create', 'namespace', namespace);
    const seen = (): string =>
      log.lines
        .map(({ message }) => message)
        .slice(-5)
        .join('; ') || 'no trouble of a watch';
    await inTime(
      'the definitions of Sluice to be established',
      installDefinitions(view, () => pause(50)),
      served,
    );
    await inTime(`the first lists of namespace ${namespace}`, view.ready, { ...served, seen });
    return stage;
  }

  kubectl(...args: readonly string[]): Promise<Finished> {
    return this.cluster.run('kubectl', ['-n', this.namespace, ...args]);
  }

  /** Standard output and warnings; rejects with kubectl's words when it fails. */
  async kubectlOk(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`);
    return `${stdout}${stderr}`;
  }

  /** `kubectl sluice …` as a person types it; rejects with its words when it fails. */
  async plugin(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.cluster.run('bin/kubectl-sluice', ['-n', this.namespace, ...args]);
    if (code !== 0) throw new Error(`kubectl sluice ${args.join(' ')}: ${stderr}${stdout}`);
    return `${stdout}${stderr}`;
  }

  /** `kubectl <verb> -f -` with the objects as its input; `apply` unless another verb is given. */
  send(objects: readonly object[], ...verb: readonly string[]): Promise<Finished> {
    const words = verb.length === 0 ? ['apply'] : verb;
    const input = objects.map((o) => JSON.stringify(o)).join('\n---\n');
    return this.cluster.run('kubectl', ['-n', this.namespace, ...words, '-f', '-'], { input });
  }

  async apply(...objects: readonly object[]): Promise<string> {
    const { code, stdout, stderr } = await this.send(objects);
    if (code !== 0) throw new Error(`kubectl apply: ${stderr}${stdout}`);
    return `${stdout}${stderr}`;
  }

  get(gvk: Gvk, name: string): KubeObject | undefined {
    return this.view.get({ gvk, namespace: this.namespace, name });
  }

  deployment(name = 'web'): KubeObject | undefined {
    return this.get(kinds.deployment, name);
  }

  /** Releases of a workload, oldest first. */
  releases(workload = 'web'): readonly SeenRelease[] {
    return this.view
      .list(kinds.release, this.namespace)
      .map((object) => ({
        name: object.metadata.name,
        object,
        spec: object.spec,
        status: object.status,
      }))
      .filter(({ spec }) => spec.workload.name === workload)
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  release(workload = 'web'): SeenRelease | undefined {
    return this.releases(workload).at(-1);
  }

  /** Names of the pods with these labels, those on their way out left aside. */
  pods(labels: Readonly<Record<string, string>>): readonly string[] {
    return this.view
      .list(kinds.pod, this.namespace)
      .filter((pod) => pod.metadata.deletionTimestamp === undefined)
      .filter((pod) => Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value))
      .map((pod) => pod.metadata.name)
      .sort();
  }

  events(regarding: string): readonly string[] {
    const of = (event: KubeObject): { reason?: string; note?: string; regarding?: { name?: string } } =>
      event as object;
    return this.view
      .list(kinds.event, this.namespace)
      .map(of)
      .filter((event) => event.regarding?.name === regarding)
      .map(({ reason = '', note = '' }) => `${reason}: ${note}`);
  }

  /** The first value of `probe` that is neither undefined nor false. Says what all releases were doing when it gives up. */
  until<T>(what: string, probe: () => T | undefined | false, withinMs = 120_000): Promise<T> {
    const seen = (): string => {
      const told = this.view.list(kinds.release, this.namespace).map(tellRelease);
      return `releases ${told.sort().join('; ') || 'none'}`;
    };
    return waitUntil(what, probe, { withinMs, seen });
  }

  /** The newest release in this phase; with `after`, one that is newer than the release of that name. */
  untilPhase(phase: ReleaseStatus['phase'], after?: string): Promise<SeenRelease> {
    return this.until(`phase ${phase}`, () => {
      const release = this.release();
      return release?.status?.phase === phase && release.name !== after ? release : undefined;
    });
  }

  /** A release that is under way, with the split of this step in place. An ended one keeps the step it ended at. */
  untilStep(step: number): Promise<SeenRelease> {
    return this.until(`step ${step}`, () => {
      const release = this.release();
      const { step: at, splitInPlaceAt, completedAt } = release?.status ?? {};
      return at === step && splitInPlaceAt !== undefined && completedAt === undefined ? release : undefined;
    });
  }

  /** A canary that is deleted stays in sight until the last of its pods has ended. */
  untilGone(name: string): Promise<true> {
    return this.until(`${name} to be gone`, () => this.deployment(name) === undefined);
  }

  /** Every pod of the Deployment's present template is available. */
  untilRolledOut(name = 'web'): Promise<true> {
    return this.until(`${name} to be rolled out`, () => {
      const found = this.deployment(name) as
        | {
            spec?: { replicas?: number };
            status?: {
              updatedReplicas?: number;
              availableReplicas?: number;
              replicas?: number;
              observedGeneration?: number;
            };
            metadata: { generation?: number };
          }
        | undefined;
      const { replicas = 1 } = found?.spec ?? {};
      const { updatedReplicas, availableReplicas, replicas: all, observedGeneration = 0 } = found?.status ?? {};
      return (
        found !== undefined &&
        observedGeneration >= (found.metadata.generation ?? 0) &&
        [updatedReplicas, availableReplicas, all].every((n) => n === replicas)
      );
    });
  }

  /** A client of this namespace behind an Envoy of its own; one for all loads. */
  async load({ path = '', ...options }: Partial<LoadOptions> & { readonly path?: string } = {}): Promise<Load> {
    this.#proxy ??= this.cluster.clientProxy({ namespace: this.namespace });
    const proxy = await this.#proxy;
    const load = await startLoad(this.cluster, { url: `${proxy.url}${path}`, host: 'web', rps: 40, ...options });
    this.#endings.push(() => load.stop());
    return load;
  }

  async sluice(options: Partial<SluiceOptions> = {}): Promise<Sluice> {
    const sluice = await startSluice(this.cluster, { namespace: this.namespace, ...options });
    this.#endings.push(() => sluice.stop());
    return sluice;
  }

  /** Ends everything that it began, the last first. What cannot be ended does not keep the rest from it. */
  async teardown(): Promise<void> {
    const all = [
      ...this.#endings.reverse(),
      async () => (await this.#proxy)?.stop(),
      () => inTime('the watches to end', this.view.stop(), endings),
      () => this.kubectl('delete', 'namespace', this.namespace, '--wait=false'),
    ];
    const errors: unknown[] = [];
    for (const end of all) await end().catch((error: unknown) => errors.push(error));
    this.#api.close();
    if (errors.length > 0)
      throw new AggregateError(errors, `namespace ${this.namespace}: ${errors.map(String).join('; ')}`);
  }
}

const tellRelease = (object: KubeObject): string => {
  const status = object.status as unknown as ReleaseStatus | undefined;
  return `${object.metadata.name} ${status?.phase ?? 'new'} ${status?.stepLabel ?? ''}: ${status?.message ?? ''}`;
};
