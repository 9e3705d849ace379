/** Computes the next size of each ReplicaSet of a Deployment, as Kubernetes does. Pure. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import { isJsonObject } from './patches.ts';

/** A ReplicaSet in numbers. */
export type SetSize = {
  readonly name: string;
  /** Pods it is to have. */
  readonly wanted: number;
  /** Pods it has. */
  readonly pods: number;
  readonly available: number;
};

export type Rollout = {
  readonly desired: number;
  readonly strategy: JsonObject | undefined;
  /** The ReplicaSet of the current template; undefined if it does not exist yet. */
  readonly current: SetSize | undefined;
  /** The others, the newest first. */
  readonly olds: readonly SetSize[];
};

/** New sizes by name; unchanged ones are omitted. */
export type Sizes = ReadonlyMap<string, number>;

type Limits = { readonly surge: number; readonly unavailable: number };

/** How far a rolling update may go above and below the wanted size. */
export const limitsOf = (strategy: JsonObject | undefined, desired: number): Limits => {
  const rolling = strategy?.['rollingUpdate'];
  const part = isJsonObject(rolling) ? rolling : {};
  const surge = Math.ceil(share(part['maxSurge'] ?? '25%', desired));
  const unavailable = Math.floor(share(part['maxUnavailable'] ?? '25%', desired));
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, desired) };
};

const share = (value: Json, desired: number): number => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? (Number.parseFloat(value) / 100) * desired : 0;
};

const sum = (sizes: readonly SetSize[], of: (size: SetSize) => number): number =>
  sizes.reduce((total, size) => total + of(size), 0);

const isRecreate = ({ strategy }: Rollout): boolean => strategy?.['type'] === 'Recreate';

/** Size with which the ReplicaSet of the template is made; undefined while there is no room for it. */
export const sizeAtBirth = (rollout: Rollout): number | undefined => {
  const { olds, desired } = rollout;
  if (isRecreate(rollout)) return sum(olds, ({ wanted, pods }) => wanted + pods) > 0 ? undefined : desired;
  return Math.max(0, Math.min(desired, roomFor(rollout)));
};

const roomFor = ({ strategy, desired, current, olds }: Rollout): number =>
  desired + limitsOf(strategy, desired).surge - sum(olds, ({ wanted }) => wanted) - (current?.wanted ?? 0);

/** The next sizes while the template rolls. */
export const rollingSizes = (rollout: Rollout): Sizes => {
  if (isRecreate(rollout)) return recreated(rollout);
  const { current, desired } = rollout;
  if (current === undefined) return new Map();
  if (current.wanted > desired) return new Map([[current.name, desired]]);
  const more = Math.min(roomFor(rollout), desired - current.wanted);
  return more > 0 ? new Map([[current.name, current.wanted + more]]) : shrunk(rollout, current);
};

const recreated = ({ current, olds, desired }: Rollout): Sizes => {
  const serving = olds.filter(({ wanted }) => wanted > 0);
  if (serving.length > 0) return new Map(serving.map(({ name }) => [name, 0]));
  return current === undefined || current.wanted === desired ? new Map() : new Map([[current.name, desired]]);
};

/** Scales old ReplicaSets down as far as availability allows, unready pods first. */
const shrunk = ({ olds, desired, strategy }: Rollout, current: SetSize): Sizes => {
  const least = desired - limitsOf(strategy, desired).unavailable;
  const all = sum([current, ...olds], ({ wanted }) => wanted);
  const atMost = all - least - (current.wanted - current.available);
  if (atMost <= 0) return new Map();
  const unhealthy = takenFrom(olds, atMost, ({ wanted, available }) => Math.max(0, wanted - available));
  if (unhealthy.size > 0) return unhealthy;
  const spare = sum([current, ...olds], ({ available }) => available) - least;
  return takenFrom(olds, Math.min(spare, atMost), ({ wanted }) => wanted);
};

/** The oldest first. */
const takenFrom = (olds: readonly SetSize[], atMost: number, offers: (size: SetSize) => number): Sizes => {
  const sizes = new Map<string, number>();
  let left = atMost;
  for (const old of olds.toReversed()) {
    const taken = Math.min(left, offers(old));
    if (taken <= 0) continue;
    sizes.set(old.name, old.wanted - taken);
    left -= taken;
  }
  return sizes;
};

/** While a Deployment is paused it is scaled, and nothing rolls. */
export const pausedSizes = (rollout: Rollout): Sizes => {
  const { current, olds, desired } = rollout;
  const all = [...(current === undefined ? [] : [current]), ...olds];
  const active = all.filter(({ wanted }) => wanted > 0);
  const [latest] = active.length === 0 ? all : active;
  if (latest === undefined) return new Map();
  if (active.length <= 1) return latest.wanted === desired ? new Map() : new Map([[latest.name, desired]]);
  return isRecreate(rollout) ? new Map() : shared(rollout, active);
};

/** Scales proportionally in the middle of a rollout; the largest ReplicaSet gets the rounding remainder. */
const shared = ({ desired, strategy }: Rollout, active: readonly SetSize[]): Sizes => {
  const total = sum(active, ({ wanted }) => wanted);
  const allowed = desired === 0 ? 0 : desired + limitsOf(strategy, desired).surge;
  if (total === allowed) return new Map();
  const bySize = active.toSorted((a, b) => b.wanted - a.wanted);
  const sizes = new Map(bySize.map(({ name, wanted }) => [name, Math.round((wanted * allowed) / total)]));
  const [largest] = bySize;
  const given = [...sizes.values()].reduce((a, b) => a + b, 0);
  if (largest !== undefined) sizes.set(largest.name, Math.max(0, (sizes.get(largest.name) ?? 0) + allowed - given));
  return sizes;
};
