/**
 * A traffic provider for every kind of route that spreads weights over a list of destinations. A mesh's own file says where
 * its lists are and what a destination means (`RouteKind`); adopting, splitting, observing and restoring are the same for all.
 */
import type { KubeObject, ObjectMeta, ObjectRef } from '../values/kube-object.ts';
import { apiVersionOf } from '../values/kube-object.ts';
import { weightOf } from '../values/extent.ts';
import { isPercent, percent, type Percent } from '../values/percent.ts';
import type { CarriedSplit, KeptRoute } from '../values/route-split.ts';
import type { Acceptance, Change, Live, RouteTarget, Target, TrafficProvider } from '../ports/traffic.ts';
import { workloadAnnotation } from '../schema/annotations.ts';
import { apiVersion as sluiceApiVersion, labels, managedBy } from '../schema/names.ts';
import { create, remove, replaceIfChanged } from './changes.ts';
import { replaceAt, sameJson } from './json-values.ts';
import { liveLists, roleOf, type LiveList, type RouteKind, type RouteRole } from './route-kind.ts';
import { routeProblems } from './route-problems.ts';
import { carriedSplits, readMemo, withMemoryOf, withoutMemory, writeMemo, type SplitMemo } from './split-memo.ts';
import * as weighted from './weighted-list.ts';

const withSplit = (kind: RouteKind, target: RouteTarget, object: KubeObject, share: Percent): KubeObject => {
  const arms = kind.arms(target, object);
  const lists = liveLists(kind, target, object);
  const routed: KubeObject = replaceAt(
    object,
    lists.map(({ path, merged }) => ({ path, value: weighted.splitList(merged, share, arms) })),
  );
  const sending = lists.filter(({ merged }) => weighted.stableUnits(merged, arms) > 0);
  const memo = share === 0 || sending.length === 0 ? undefined : memoOf(target, sending, share);
  return writeMemo(routed, target.apex.metadata.name, memo);
};

const memoOf = ({ release }: RouteTarget, lists: readonly LiveList[], share: Percent): SplitMemo => {
  const weights = lists.flatMap(({ key, merged }) => {
    const lost = weighted.lostWeight(merged);
    return lost === undefined ? [] : [[key, lost] as const];
  });
  return { canary: share, release: release.name, weights: Object.fromEntries(weights) };
};

const carriedAt = (kind: RouteKind, object: KubeObject, split: CarriedSplit, share: Percent): KubeObject => {
  const { apex, canaryService, release } = split;
  const namespace = object.metadata.namespace ?? '';
  const target = { namespace, apex: { metadata: { name: apex } }, canaryService, release: { name: release } };
  return withSplit(kind, target, object, share);
};

/** As much work as takes a second at most: values in the route, times the splits in it. Sluice's own come nowhere near. */
const mostWork = 500_000;

const isTooMuch = (splits: readonly CarriedSplit[], ...objects: readonly KubeObject[]): boolean => {
  const read = objects.map(({ metadata, spec }) => [metadata.annotations, spec]);
  return splits.length > 0 && weightOf(read, mostWork / splits.length) === Infinity;
};

const withoutCopied = (kind: RouteKind, object: KubeObject, copied: readonly CarriedSplit[]): KubeObject =>
  copied.reduce((next, split) => carriedAt(kind, next, split, percent(0)), object);

/**
 * Splits by the old object's memory. A split that only the new object tells of was copied from a live one some other
 * time: it goes, and its own memory is good for taking it out.
 */
const keep = (kind: RouteKind, old: KubeObject | undefined, object: KubeObject): KeptRoute => {
  const before = old === undefined ? [] : carriedSplits(old);
  // What the new object remembers is not read while splits are put back.
  if (old !== undefined && isTooMuch(before, old, withoutMemory(object)))
    return { object, kept: [], gone: [], copied: [], tooMuch: true };
  const known = new Set(before.map(({ apex }) => apex));
  const copied = carriedSplits(object).filter(({ apex }) => !known.has(apex));
  // Of more than anybody copies none is believed: the memory of them goes, and the routes stay as they were sent.
  const madeUp = isTooMuch(copied, object);
  const cleaned = madeUp ? object : withoutCopied(kind, object, copied);
  const otherwise = madeUp ? withoutMemory(object) : cleaned;
  const start = old === undefined || before.length === 0 ? otherwise : withMemoryOf(old, cleaned);
  const stored = before.reduce((next, split) => carriedAt(kind, next, split, split.canary), start);
  const isIn = ({ apex }: CarriedSplit): boolean => readMemo(stored, apex) !== undefined;
  return { object: stored, kept: before.filter(isIn), gone: before.filter((split) => !isIn(split)), copied };
};

type Routes = { readonly [role in RouteRole]: readonly KubeObject[] };

const routesOf = (kind: RouteKind, target: Target, live: Live): Routes => {
  const found = [...live.values()].map((object) => ({ object, role: roleOf(kind, target, object) }));
  const of = (wanted: RouteRole): readonly KubeObject[] =>
    found.filter(({ role }) => role === wanted).map(({ object }) => object);
  return { adopted: of('adopted'), generated: of('generated'), clash: of('clash'), unrelated: [] };
};

const refOf = (kind: RouteKind, { metadata: { name, namespace } }: KubeObject): ObjectRef =>
  namespace === undefined ? { gvk: kind.gvk, name } : { gvk: kind.gvk, namespace, name };

const metadataOf = (target: Target, live?: ObjectMeta): ObjectMeta => ({
  ...live,
  name: target.apex.metadata.name,
  namespace: target.namespace,
  labels: { ...live?.labels, [labels.managedBy]: managedBy, [labels.release]: target.release.name },
  annotations: { ...live?.annotations, [workloadAnnotation]: target.workload },
  ownerReferences: [
    {
      apiVersion: sluiceApiVersion,
      kind: 'Release',
      name: target.release.name,
      uid: target.release.uid,
      controller: true,
    },
  ],
});

const generated = (kind: RouteKind, target: Target, share: Percent, live?: KubeObject): KubeObject => {
  const apiVersion = live?.apiVersion ?? apiVersionOf(kind.gvk);
  const metadata = metadataOf(target, live?.metadata);
  const whole: KubeObject = { ...live, apiVersion, kind: kind.gvk.kind, metadata, spec: kind.generate(target) };
  const arms = kind.arms(target, whole);
  // No memory is needed on it: every weight in it is out of 100 and nothing in it has to come back.
  const lists = kind.lists(target, whole);
  return replaceAt(
    whole,
    lists.map(({ path, destinations }) => ({ path, value: weighted.splitList(destinations, share, arms) })),
  );
};

const renderGenerated = (kind: RouteKind, target: Target, share: Percent, routes: Routes): readonly Change[] => {
  const [live] = routes.generated;
  const because = `${share} % for ${target.canaryService}`;
  if (live !== undefined)
    return replaceIfChanged(refOf(kind, live), live, generated(kind, target, share, live), because);
  if (share === 0 || routes.clash.length > 0) return [];
  const body = generated(kind, target, share);
  return [create(refOf(kind, body), body, `no ${kind.gvk.kind} sends to ${target.apex.metadata.name}; ${because}`)];
};

const adopt = (kind: RouteKind, target: Target, share: Percent, because: string) => (object: KubeObject) =>
  replaceIfChanged(refOf(kind, object), object, withSplit(kind, target, object, share), because);

const removeGenerated = (kind: RouteKind, objects: readonly KubeObject[], because: string): readonly Change[] =>
  objects.map((object) => remove(refOf(kind, object), object, because));

/** The one percent that explains every list, looked for among what was asked for and what the lists look like. */
const observed = (kind: RouteKind, target: Target, objects: readonly KubeObject[]): Percent | 'unknown' => {
  const apex = target.apex.metadata.name;
  const lists = objects.flatMap((object) => {
    const arms = kind.arms(target, object);
    return liveLists(kind, target, object)
      .filter(({ merged }) => weighted.stableUnits(merged, arms) > 0)
      .map((list) => ({ ...list, arms }));
  });
  const [first] = lists;
  if (first === undefined) return percent(0);
  const asked = objects.flatMap((object) => readMemo(object, apex)?.canary ?? []);
  const guesses = [...asked, weighted.estimate(first.destinations, first.arms)].filter(isPercent);
  const explains = (share: Percent): boolean =>
    lists.every(({ destinations, merged, arms }) =>
      sameJson(weighted.shapeOf(destinations, arms), weighted.shapeOf(weighted.splitList(merged, share, arms), arms)),
    );
  return guesses.find(explains) ?? 'unknown';
};

const acceptance = (kind: RouteKind, objects: readonly KubeObject[]): Acceptance => {
  const told = objects.map((object) => kind.accepted?.(object) ?? untold);
  return (
    told.find(({ accepted }) => accepted === false) ??
    told.find(({ accepted }) => accepted === 'unknown') ??
    told[0] ??
    untold
  );
};

const untold: Acceptance = { accepted: 'unknown', because: 'the route carries no status to tell by' };

/** The provider of a kind of route. */
export const weightedRoutes = (kind: RouteKind): TrafficProvider => ({
  name: kind.name,
  can: kind.can,
  kinds: [kind.gvk],
  concerns: (target, object) => roleOf(kind, target, object) !== 'unrelated',
  adopts: (target, object) => roleOf(kind, target, object) === 'adopted',
  check: (target, live, weights = []) => [
    ...(kind.problems?.(target) ?? []),
    ...routeProblems(kind, target, [...live.values()], weights),
  ],
  render: (target, { canary }, live) => {
    const routes = routesOf(kind, target, live);
    if (routes.adopted.length === 0) return renderGenerated(kind, target, canary, routes);
    const because = `${canary} % of what it sends to ${target.apex.metadata.name} goes to ${target.canaryService}`;
    return [
      ...routes.adopted.flatMap(adopt(kind, target, canary, because)),
      ...removeGenerated(kind, routes.generated, `a route of the user sends to ${target.apex.metadata.name}`),
    ];
  },
  observe: (target, live) => {
    const routes = routesOf(kind, target, live);
    const canary = observed(kind, target, [...routes.adopted, ...routes.generated]);
    return canary === 'unknown' ? canary : { canary };
  },
  accepted: (target, live) => {
    const routes = routesOf(kind, target, live);
    return acceptance(kind, [...routes.adopted, ...routes.generated]);
  },
  restore: (target, live) => {
    const routes = routesOf(kind, target, live);
    return [
      ...routes.adopted.flatMap(adopt(kind, target, percent(0), 'the release is over: the route is as it was')),
      ...removeGenerated(kind, routes.generated, 'the release is over'),
    ];
  },
  keep: (old, object) => keep(kind, old, object),
});
