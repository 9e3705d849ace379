/** The Deployment controller: manages ReplicaSets, revisions and the status of Deployments. */
import type { Deployment, JsonObject, KubeObject } from '../values/kube-object.ts';
import type { Instant } from '../values/time.ts';
import { selects } from '../values/label-selector.ts';
import { kinds } from '../schema/kinds.ts';
import type { ControlLoop } from './control-loop.ts';
import {
  countedStatus,
  deadlineOf,
  isComplete,
  pauseCondition,
  progressing,
  rolledStatus,
  withCondition,
  type DeploymentStatus,
  type Said,
} from './deployment-status.ts';
import { controllersIn, keyedLoop, type KeyedLoop, type LoopKey } from './keyed-loop.ts';
import type { Author, MemoryServer, ServerEvent } from './memory-server.ts';
import {
  collisionsOf,
  inherited,
  isFree,
  isOfTemplate,
  replicaSets,
  newSet,
  ownerOf,
  revisionAnnotation,
  revisionOf,
  setsOf,
  sizeOf,
  strays,
  type OwnedSet,
} from './owned-sets.ts';
import { pausedSizes, rollingSizes, sizeAtBirth, type Rollout, type Sizes } from './rollout.ts';
import { refOf } from './write-rules.ts';

const author: Author = { user: 'system:serviceaccount:kube-system:deployment-controller' };

export const deploymentController = (server: MemoryServer): ControlLoop => {
  const loop: KeyedLoop = keyedLoop(server, {
    gvk: kinds.deployment,
    concerned: (event) => deploymentsIn(server, event),
    work: (object) => {
      try {
        new Rolling(server, object).sync();
      } finally {
        loop.alarm(object.metadata, dueAt(server, object));
      }
    },
  });
  return loop;
};

/** When a rollout without progress must be marked as timed out, although no change triggers it. */
const dueAt = (server: MemoryServer, object: Deployment): Instant | undefined => {
  const stored = server.get(refOf(kinds.deployment, object));
  return stored && deadlineOf(stored);
};

const deploymentsIn = (server: MemoryServer, event: ServerEvent): readonly LoopKey[] | undefined => {
  const { object } = event;
  if (object.kind === 'Deployment') return [object.metadata];
  if (object.kind !== 'ReplicaSet') return undefined;
  return [...controllersIn(event, 'Deployment'), ...adopters(server, object)];
};

/** Deployments that may adopt a ReplicaSet without a controller. */
const adopters = (server: MemoryServer, set: KubeObject): readonly LoopKey[] => {
  const { namespace, labels } = set.metadata;
  if (!isFree(set)) return [];
  return server
    .list(kinds.deployment, namespace)
    .filter(({ spec }) => selects({ matchLabels: spec.selector.matchLabels ?? {} }, labels))
    .map(({ metadata }) => metadata);
};

/** One pass over one Deployment. Each of its writes triggers another pass. */
class Rolling {
  readonly #server: MemoryServer;
  #deployment: Deployment;

  constructor(server: MemoryServer, deployment: Deployment) {
    this.#server = server;
    this.#deployment = deployment;
  }

  sync(): void {
    if (this.#deployment.metadata.deletionTimestamp !== undefined) {
      this.#tell(countedStatus(this.#deployment, this.#sets(), this.#around()));
      return;
    }
    for (const stray of strays(this.#server, this.#deployment)) this.#adopt(stray);
    this.#tellPause();
    if (this.#deployment.spec.paused === true) this.#scale();
    else this.#roll();
  }

  #sets(): readonly OwnedSet[] {
    return setsOf(this.#server, this.#deployment);
  }

  #current(): OwnedSet | undefined {
    return this.#sets().find((set) => isOfTemplate(set, this.#deployment.spec.template));
  }

  #rollout(): Rollout {
    const { spec } = this.#deployment;
    const current = this.#current();
    const olds = this.#sets().filter(({ metadata }) => metadata.name !== current?.metadata.name);
    return {
      desired: spec.replicas ?? 1,
      strategy: spec.strategy,
      current: current === undefined ? undefined : sizeOf(current),
      olds: olds.map(sizeOf),
    };
  }

  /** Scales the ReplicaSets. While the Deployment is paused, existing ones are scaled but no new one rolls out. */
  #scale(): void {
    this.#resize(pausedSizes(this.#rollout()));
    this.#tell(countedStatus(this.#deployment, this.#sets(), this.#around()));
    this.#forgetOld();
  }

  #around(): { readonly current: OwnedSet | undefined; readonly now: Instant } {
    return { current: this.#current(), now: this.#server.clock.now() };
  }

  #roll(): void {
    const current = this.#ensureCurrent();
    if (current === undefined) {
      this.#resize(rollingSizes(this.#rollout()));
      return;
    }
    this.#resize(rollingSizes(this.#rollout()));
    const around = { current: this.#current() ?? current, now: this.#server.clock.now() };
    const status = rolledStatus(this.#deployment, this.#sets(), around);
    this.#tell(status);
    if (isComplete(this.#deployment, status)) this.#forgetOld();
  }

  /** The ReplicaSet of the current template, with the newest revision; undefined while it cannot be created yet. */
  #ensureCurrent(): OwnedSet | undefined {
    const sets = this.#sets();
    const current = this.#current();
    const others = sets.filter((set) => set !== current);
    const revision = Math.max(0, ...others.map(revisionOf)) + 1;
    if (current !== undefined) return this.#renewed(current, Math.max(revision, revisionOf(current)));
    const size = sizeAtBirth(this.#rollout());
    if (size === undefined) return undefined;
    const wanted = newSet(this.#deployment, size, revision);
    if (this.#server.get(refOf(replicaSets, wanted)) !== undefined) {
      this.#collide();
      return;
    }
    const made = this.#server.create(wanted, replicaSets, author);
    const words = `Created new replica set "${made.metadata.name}"`;
    this.#tellRevision(revision, progressing('True', 'NewReplicaSetCreated', words));
    return made;
  }

  /** The name belongs to another Deployment's ReplicaSet, so the next one is tried. */
  #collide(): undefined {
    this.#write({ status: { collisionCount: collisionsOf(this.#deployment) + 1 } });
    return undefined;
  }

  #renewed(current: OwnedSet, revision: number): OwnedSet {
    const annotations = inherited(this.#deployment, revision);
    const stored = this.#patch(current, { metadata: { annotations } });
    const words = `Found new replica set "${current.metadata.name}"`;
    const isNew = (this.#deployment.status?.conditions ?? []).every(({ type }) => type !== 'Progressing');
    this.#tellRevision(revision, isNew ? progressing('True', 'FoundNewReplicaSet', words) : undefined);
    return stored;
  }

  #adopt(stray: KubeObject): void {
    const owner = ownerOf('apps/v1', 'Deployment', this.#deployment.metadata);
    const ownerReferences = [...(stray.metadata.ownerReferences ?? []), owner];
    this.#patch(stray, { metadata: { ownerReferences } });
  }

  #resize(sizes: Sizes): void {
    for (const set of this.#sets()) {
      const replicas = sizes.get(set.metadata.name);
      if (replicas !== undefined) this.#patch(set, { spec: { replicas } });
    }
  }

  /** Deletes the oldest ReplicaSets without pods beyond the revision history limit. */
  #forgetOld(): void {
    const limit = this.#deployment.spec['revisionHistoryLimit'];
    const current = this.#current()?.metadata.name;
    const olds = this.#sets().filter(({ metadata }) => metadata.name !== current);
    for (const old of olds.slice(typeof limit === 'number' ? limit : 10)) {
      if ((old.spec.replicas ?? 1) === 0 && (old.status?.replicas ?? 0) === 0)
        this.#server.remove(refOf(replicaSets, old), {}, author);
    }
  }

  #tellPause(): void {
    const said = pauseCondition(this.#deployment);
    if (said === undefined) return;
    const conditions = withCondition(this.#deployment.status?.conditions ?? [], said, this.#server.clock.now());
    this.#tell({ ...this.#deployment.status, conditions });
  }

  /** Writes the revision together with the status, so that it does not increase the generation. */
  #tellRevision(revision: number, said: Said | undefined): void {
    const { status } = this.#deployment;
    const known = status?.conditions ?? [];
    const conditions = said === undefined ? known : withCondition(known, said, this.#server.clock.now());
    const annotations = { [revisionAnnotation]: String(revision) };
    this.#write({ metadata: { annotations }, status: { ...status, conditions } });
  }

  #tell(status: DeploymentStatus): void {
    this.#write({ status: status });
  }

  #write(body: JsonObject): void {
    const ref = refOf(kinds.deployment, this.#deployment);
    const stored = this.#server.patch(ref, { type: 'merge', body }, { subresource: 'status' }, author);
    this.#deployment = stored;
  }

  #patch(set: KubeObject, body: JsonObject): OwnedSet {
    return this.#server.patch(refOf(replicaSets, set), { type: 'merge', body }, {}, author);
  }
}
