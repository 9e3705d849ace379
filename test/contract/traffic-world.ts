/** The release every traffic contract test plays in, and what an API server and its users do to live objects. */
import type { Behind } from '../../src/values/behind.ts';
import { gvk, isA, refKey, type KubeObject, type Service } from '../../src/values/kube-object.ts';
import { percent } from '../../src/values/percent.ts';
import { concernedBy, means, type RouteFormat, type ServiceName } from '../../src/values/route-format.ts';
import { sameSplit, type Split } from '../../src/values/split.ts';
import { keepSplits } from '../../src/core/admission/keep-split.ts';
import { isOurs } from '../../src/schema/names.ts';
import { afterChanges } from '../../src/traffic/changes.ts';
import type { Change, Live, RouteView, Target, TrafficRunner } from '../../src/ports/traffic.ts';

export const namespace = 'shop';

const apexOf = (name: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }], clusterIP: '10.96.0.10' },
});

/** Of the pods of `name` and of another Deployment behind the same Service. */
const behind = (name: string): Behind => ({
  labels: { app: name, track: 'v1' },
  selector: { app: name, track: 'v1' },
  others: [{ name: `${name}-admin`, labels: { app: name, track: 'admin' }, replicas: 0, ready: 0 }],
});

export const aTarget = (name = 'web', apex: Partial<Service['spec']> = {}): Target => ({
  namespace,
  workload: name,
  apex: { ...apexOf(name), spec: { ...apexOf(name).spec, ...apex } },
  canaryService: `${name}-canary`,
  release: { name: `${name}-7d4b9`, uid: `uid-of-${name}-7d4b9` },
  behind: behind(name),
});

/** Frozen to the bottom: a provider that changes what it was given throws. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
};

export const liveOf = (objects: readonly KubeObject[]): Live =>
  new Map(objects.map((object) => [keyOf(object), frozen(structuredClone(object))]));

/** The key of an object, whichever version of its kind it is written in. */
export const keyOf = (object: KubeObject): string => {
  const { name, namespace: own = namespace } = object.metadata;
  return refKey({ gvk: gvk(object.apiVersion, object.kind, ''), namespace: own, name });
};

/** Live objects as the controller finds them. */
export const viewOf = ({ uses }: Pick<TrafficRunner, 'uses'>, live: Live): RouteView => ({
  serves: () => true,
  get: (ref) => live.get(refKey(ref)),
  about: (kind, service) => [...live.values()].filter((object) => isA(object, kind) && isAbout(uses, object, service)),
});

const isAbout = (uses: TrafficRunner['uses'], object: KubeObject, service: ServiceName): boolean =>
  uses.some(({ gvk: kind, format, about }) => {
    if (!isA(object, kind)) return false;
    const told = format === undefined ? (about?.(object) ?? []) : concernedBy(format, object);
    return told.some((one) => means(one, service));
  });

/** A provider that also finds these objects of others beside the routes. */
export const beside = (provider: TrafficRunner, objects: readonly KubeObject[]): TrafficRunner => ({
  ...provider,
  shown: (target, view) =>
    provider.shown(target, {
      ...view,
      about: (kind, service) => [
        ...view.about(kind, service),
        ...objects.filter((object) => isA(object, kind) && isAbout(provider.uses, object, service)),
      ],
    }),
});

const shown = (provider: TrafficRunner, target: Target, live: Live): Live =>
  provider.shown(target, viewOf(provider, live));

const after = (live: Live, changes: readonly Change[]): Live => {
  const next = afterChanges(live, changes);
  for (const object of next.values()) frozen(object);
  return next;
};

/** A share alone is a weight. */
export const wholeSplit = (asked: number | Split): Split =>
  typeof asked === 'number' ? { weight: percent(asked) } : asked;

export const renderAt = (provider: TrafficRunner, target: Target, live: Live, asked: number | Split): Live =>
  after(live, provider.render(target, wholeSplit(asked), shown(provider, target, live)));

export const restored = (provider: TrafficRunner, target: Target, live: Live): Live =>
  after(live, provider.restore(target, shown(provider, target, live)));

/** The whole split that live objects say. */
export const splitIn = (provider: TrafficRunner, target: Target, live: Live): Split | 'unknown' =>
  provider.observe(target, shown(provider, target, live));

/** The weight that live objects say, where nothing but a weight was asked for. */
export const observedIn = (provider: TrafficRunner, target: Target, live: Live): number | 'unknown' => {
  const found = splitIn(provider, target, live);
  if (found === 'unknown') return found;
  if (!sameSplit(found, { weight: found.weight })) throw new Error(`more than a weight: ${JSON.stringify(found)}`);
  return found.weight;
};

export const formatOf = ({ uses }: TrafficRunner, object: KubeObject): RouteFormat | undefined =>
  uses.find(({ gvk: kind }) => isA(object, kind))?.format;

/** What is stored when somebody other than Sluice writes the second over the first. */
export const keptIn = (provider: TrafficRunner, old: Live, sent: Live): Live =>
  new Map(
    [...sent].map(([key, object]) => {
      const format = formatOf(provider, object);
      return [key, frozen(format === undefined ? object : keepSplits(format, old.get(key), object).object)];
    }),
  );

/** What Sluice has not made. */
export const ofUsers = (live: Live): Live => new Map([...live].filter(([, object]) => !isOurs(object)));

export const changesAt = (provider: TrafficRunner, target: Target, live: Live, asked: number | Split): number =>
  provider.render(target, wholeSplit(asked), shown(provider, target, live)).length;

export const problemsIn = (
  provider: TrafficRunner,
  target: Target,
  live: Live,
  asked: readonly (number | Split)[] = [],
): readonly string[] =>
  provider.check(target, shown(provider, target, live), asked.map(wholeSplit)).map(({ field }) => field);

/** Byte for byte: key order counts too, since it is how the user's YAML comes back. */
export const bytes = (live: Live): string => JSON.stringify([...live.values()]);
