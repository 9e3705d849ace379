/** The release every traffic contract test plays in, and what an API server and its users do to live objects. */
import { refKey, type Gvk, type KubeObject, type Service } from '../../src/values/kube-object.ts';
import { percent, type Percent } from '../../src/values/percent.ts';
import { afterChanges } from '../../src/traffic/changes.ts';
import type { Change, Live, Target, TrafficProvider } from '../../src/ports/traffic.ts';

export const namespace = 'shop';

const apexOf = (name: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }], clusterIP: '10.96.0.10' },
});

export const aTarget = (name = 'web', apex: Partial<Service['spec']> = {}): Target => ({
  namespace,
  workload: name,
  apex: { ...apexOf(name), spec: { ...apexOf(name).spec, ...apex } },
  canaryService: `${name}-canary`,
  release: { name: `${name}-7d4b9`, uid: `uid-of-${name}-7d4b9` },
});

/** Frozen to the bottom: a provider that changes what it was given throws. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
};

export const liveOf = (gvk: Gvk, objects: readonly KubeObject[]): Live =>
  new Map(objects.map((object) => [keyOf(gvk, object), frozen(structuredClone(object))]));

export const keyOf = (gvk: Gvk, { metadata }: KubeObject): string =>
  refKey({ gvk, namespace: metadata.namespace ?? namespace, name: metadata.name });

/** What the controller shows a provider: the objects it says concern it, and no others. */
const shown = (provider: TrafficProvider, target: Target, live: Live): Live =>
  new Map([...live].filter(([, object]) => provider.concerns(target, object)));

const after = (live: Live, changes: readonly Change[]): Live => {
  const next = afterChanges(live, changes);
  for (const object of next.values()) frozen(object);
  return next;
};

export const renderAt = (provider: TrafficProvider, target: Target, live: Live, share: number): Live =>
  after(live, provider.render(target, { canary: percent(share) }, shown(provider, target, live)));

export const restored = (provider: TrafficProvider, target: Target, live: Live): Live =>
  after(live, provider.restore(target, shown(provider, target, live)));

export const observedIn = (provider: TrafficProvider, target: Target, live: Live): Percent | 'unknown' => {
  const split = provider.observe(target, shown(provider, target, live));
  return split === 'unknown' ? split : split.canary;
};

/** What is stored when somebody other than Sluice writes the second over the first. */
export const keptIn = (provider: TrafficProvider, old: Live, sent: Live): Live =>
  new Map([...sent].map(([key, object]) => [key, frozen(provider.keep(old.get(key), object).object)]));

export const changesAt = (provider: TrafficProvider, target: Target, live: Live, share: number): number =>
  provider.render(target, { canary: percent(share) }, shown(provider, target, live)).length;

export const problemsIn = (
  provider: TrafficProvider,
  target: Target,
  live: Live,
  weights: readonly number[] = [],
): readonly string[] =>
  provider.check(target, shown(provider, target, live), weights.map(percent)).map(({ field }) => field);

/** Byte for byte: key order counts too, since it is how the user's YAML comes back. */
export const bytes = (live: Live): string => JSON.stringify([...live.values()]);
