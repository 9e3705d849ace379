/**
 * Turns a provider into the interface that the controller uses: the user's routes are split according to their formats, and
 * the objects that the provider wants of its own are compared with the live ones.
 */
import { isA, refKey, type KubeObject } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import { percent } from '../values/percent.ts';
import type { Between } from '../values/route-format.ts';
import { isNoSplit, noSplit, splitText, type Split } from '../values/split.ts';
import type { Change, Live, RouteView, Target, TrafficProvider, TrafficRunner, Use } from '../ports/traffic.ts';
import { betweenOf } from './between.ts';
import { claimants, claimProblems } from './claimed.ts';
import { create, remove, replaceIfChanged } from './changes.ts';
import { acceptanceOf, observed } from './observed.ts';
import { inPlaceOf, isOwned, ownNames, refOf, rolesIn, type Placed, type Roles } from './roles.ts';
import { stamped } from './stamped.ts';

const shown = ({ uses, reads }: TrafficProvider, target: Target, view: RouteView): Live => {
  const { namespace, apex } = target;
  const served = uses.filter(({ gvk }) => view.serves(gvk));
  const routes = served.flatMap((use) =>
    use.format === undefined && use.about === undefined
      ? []
      : view
          .about(use.gvk, { namespace, name: apex.metadata.name })
          .map((object) => [refKey(refOf(use, object)), object] as const),
  );
  const places = [
    ...served
      .filter(({ access }) => access.includes('own'))
      .flatMap(({ gvk }) => ownNames(target).map((name) => ({ gvk, namespace, name }))),
    ...(reads?.(target) ?? []),
  ];
  const inPlace = places.flatMap((ref) => {
    const object = view.get(ref);
    return object === undefined ? [] : [[refKey(ref), object] as const];
  });
  return new Map([...routes, ...inPlace]);
};

/** Places a wanted object. An object that could not be found again there is a bug in the provider. */
const placed = ({ uses }: TrafficProvider, target: Target, wanted: KubeObject): Placed => {
  const { name } = wanted.metadata;
  const use = uses.find(({ gvk, access }) => access.includes('own') && isA(wanted, gvk));
  if (use === undefined) throw new Error(`a provider wants a ${wanted.kind} to exist, which is not of a kind it owns`);
  if (!ownNames(target).includes(name))
    throw new Error(`a provider wants a ${wanted.kind} ${name}; it may be named ${ownNames(target).join(' or ')}`);
  return { use, object: { ...wanted, metadata: { ...wanted.metadata, namespace: target.namespace } } };
};

const objectsOf = (all: readonly Placed[]): readonly KubeObject[] => all.map(({ object }) => object);

type Found = { readonly roles: Roles; readonly live: Live };

const found = ({ uses }: TrafficProvider, target: Target, live: Live): Found => ({
  roles: rolesIn(uses, target, live),
  live,
});

/** Counts every route that handles the apex, not only the split ones: no route is made for callers that already have one. */
const wantedBy = (
  provider: TrafficProvider,
  target: Target,
  split: Split,
  { roles: { adopted }, live }: Found,
): readonly Placed[] => {
  const deciding = adopted.length === 0 ? [] : claimants(provider.uses, target, live);
  const routes = [...new Set([...objectsOf(adopted), ...objectsOf(deciding)])];
  return provider.own(target, split, routes).map((object) => placed(provider, target, object));
};

/** No object is made while nothing is split, and an object of somebody else under the same name is left alone. */
const ownChange =
  (target: Target, split: Split, live: Live) =>
  ({ use, object: wanted }: Placed): readonly Change[] => {
    const there = inPlaceOf(live, use, wanted);
    const because = `${splitText(split)} for ${target.canaryService}`;
    if (there !== undefined)
      return isOwned(use, target, there)
        ? replaceIfChanged(refOf(use, there), there, stamped(target, wanted, there), because)
        : [];
    if (isNoSplit(split)) return [];
    const body = stamped(target, wanted);
    const why =
      use.format === undefined ? because : `no ${use.gvk.kind} sends to ${target.apex.metadata.name}; ${because}`;
    return [create(refOf(use, body), body, why)];
  };

const adoptChange =
  (target: Target, split: Split, between: Between) =>
  ({ use, object }: Placed): readonly Change[] => {
    const carried = { ...between, split, release: target.release.name };
    const because = `${splitText(split)} of what it sends to ${between.apex} goes to ${between.canaryService}`;
    const body = use.format?.put(object, carried) ?? object;
    return replaceIfChanged(refOf(use, object), object, body, because);
  };

const removeAll = (all: readonly Placed[], because: string): readonly Change[] =>
  all.map(({ use, object }) => remove(refOf(use, object), object, because));

/** Backends are created before the routes that lead to them, and removed after these. */
const render = (provider: TrafficProvider, target: Target, split: Split, live: Live): readonly Change[] => {
  const around = found(provider, target, live);
  const { roles } = around;
  const wanted = wantedBy(provider, target, split, around);
  const keys = new Set(wanted.map(({ use, object }) => refKey(refOf(use, object))));
  const { between } = betweenOf(provider, target, around);
  const needless = roles.owned.filter(({ use, object }) => !keys.has(refKey(refOf(use, object))));
  return [
    ...wanted.flatMap(ownChange(target, split, live)),
    ...roles.adopted.flatMap(adoptChange(target, split, between)),
    ...removeAll(
      needless,
      roles.adopted.length > 0
        ? `a route of the user sends to ${target.apex.metadata.name}`
        : `it is not needed for ${splitText(split)}`,
    ),
  ];
};

const restore = (provider: TrafficProvider, target: Target, live: Live): readonly Change[] => {
  const { adopted, owned } = rolesIn(provider.uses, target, live);
  const because = 'the release is over: the route is as it was';
  return [
    ...adopted.flatMap(({ use, object }) => {
      const body = use.format?.take(object, target.apex.metadata.name) ?? object;
      return replaceIfChanged(refOf(use, object), object, body, because);
    }),
    ...removeAll(owned, 'the release is over'),
  ];
};

/** Without a plan, checks that any split is possible. */
const anySplit: Split = { weight: percent(50) };

const clashes = (
  provider: TrafficProvider,
  target: Target,
  live: Live,
  splits: readonly Split[],
): readonly Problem[] => {
  const around = found(provider, target, live);
  const asked = splits.length === 0 ? [anySplit] : splits;
  const wanted = asked.flatMap((split) => wantedBy(provider, target, split, around));
  const places = new Map(wanted.map((one) => [refKey(refOf(one.use, one.object)), one]));
  return [...places.values()].flatMap(({ use, object }) => {
    const there = inPlaceOf(live, use, object);
    return there === undefined || isOwned(use, target, there) ? [] : [clash(use, target, there)];
  });
};

const clash = ({ format, gvk }: Use, target: Target, { metadata }: KubeObject): Problem => {
  const apex = target.apex.metadata.name;
  const field = `${gvk.kind}/${metadata.name}`;
  return format === undefined
    ? {
        field,
        rule: `has the name that what Sluice makes for the Service ${apex} would need`,
        todo: 'Rename it.',
      }
    : {
        field,
        rule: `has the name that the route for the Service ${apex} would need, but sends nothing to that Service`,
        todo: `Rename it, or let one of its rules send to ${apex}.`,
      };
};

const check = (provider: TrafficProvider, target: Target, live: Live, splits: readonly Split[]): readonly Problem[] => {
  const around = found(provider, target, live);
  const { roles } = around;
  const { between, problems } = betweenOf(provider, target, around);
  const unfit = provider.uses.flatMap((use) => {
    const objects = roles.adopted.filter((one) => one.use === use).map(({ object }) => object);
    return use.format?.problems(objects, between, splits) ?? [];
  });
  const unmakeable = wantedBy(provider, target, noSplit, around).flatMap(
    ({ use: { format }, object }) => format?.problems([object], between, splits) ?? [],
  );
  const taken = clashes(provider, target, live, splits);
  const inTheWay = claimProblems(provider.uses, target, live, roles).filter(
    ({ field }) => !taken.some((clashing) => clashing.field === field),
  );
  return [
    ...provider.preflight(target, splits, live),
    ...taken,
    ...inTheWay,
    ...unmakeable,
    ...(problems.length > 0 ? problems : unfit),
  ];
};

const observe = (provider: TrafficProvider, target: Target, live: Live): Split | 'unknown' => {
  if (provider.observe !== undefined) return provider.observe(target, live);
  const around = found(provider, target, live);
  const split = observed(around.roles, betweenOf(provider, target, around).between);
  if (split === 'unknown') return split;
  // Objects made beside the user's routes are part of the split; edits by others on a route that Sluice made are not.
  const lacks = wantedBy(provider, target, split, around).some((one) =>
    ownChange(target, split, live)(one).some(({ op }) => op === 'create' || one.use.format === undefined),
  );
  return lacks ? 'unknown' : split;
};

/** The runner of a provider. */
export const runner = (name: string, provider: TrafficProvider): TrafficRunner => ({
  name,
  can: provider.can,
  uses: provider.uses,
  doubts: provider.doubts,
  shown: (target, view) => shown(provider, target, view),
  check: (target, live, splits = []) => check(provider, target, live, splits),
  render: (target, split, live) => render(provider, target, split, live),
  observe: (target, live) => observe(provider, target, live),
  accepted: (target, live) => acceptanceOf(provider, rolesIn(provider.uses, target, live)),
  sharedWith: (target, live) =>
    betweenOf(provider, target, found(provider, target, live)).shared.filter(({ replicas }) => replicas > 0),
  isPartial: (target, live) =>
    rolesIn(provider.uses, target, live).adopted.some(({ object }) => provider.isPartial?.(object) ?? false),
  restore: (target, live) => restore(provider, target, live),
});
