/** The role of live objects in a target's split. */
import { isA, refKey, type KubeObject, type ObjectRef } from '../values/kube-object.ts';
import type { RouteFormat } from '../values/route-format.ts';
import { isMade } from '../schema/names.ts';
import type { Live, Sign, Surroundings, Target, Use } from '../ports/traffic.ts';

const isAbout = (format: RouteFormat, target: Target, object: KubeObject): boolean =>
  isA(object, format.gvk) &&
  object.metadata.namespace === target.namespace &&
  format
    .about(object)
    .some(({ namespace, name }) => namespace === target.namespace && name === target.apex.metadata.name);

/** A route of the user into which the split is put. */
export const isAdopted = (format: RouteFormat, target: Target, object: KubeObject): boolean =>
  !isMade(object) && isAbout(format, target, object);

/** Names that objects of Sluice's own may have. */
export const ownNames = ({ apex, canaryService }: Target): readonly string[] => [apex.metadata.name, canaryService];

/** Made for this target, or for an earlier release of it. */
export const isOwned = (use: Use, target: Target, object: KubeObject): boolean =>
  use.access.includes('own') &&
  isMade(object) &&
  isA(object, use.gvk) &&
  object.metadata.namespace === target.namespace &&
  ownNames(target).includes(object.metadata.name);

export const refOf = ({ gvk }: Pick<Use, 'gvk'>, { metadata: { name, namespace } }: KubeObject): ObjectRef =>
  namespace === undefined ? { gvk, name } : { gvk, namespace, name };

/** An object, with how a provider uses its kind. */
export type Placed = { readonly use: Use; readonly object: KubeObject };

export type Roles = { readonly adopted: readonly Placed[]; readonly owned: readonly Placed[] };

export const rolesIn = (uses: readonly Use[], target: Target, live: Live): Roles => {
  const all = uses.flatMap((use) => [...live.values()].map((object) => ({ use, object })));
  return {
    adopted: all.filter(
      ({ use, object }) =>
        use.access.includes('adopt') && use.format !== undefined && isAdopted(use.format, target, object),
    ),
    owned: all.filter(({ use, object }) => isOwned(use, target, object)),
  };
};

/** The live object with the name of a wanted one. */
export const inPlaceOf = (live: Live, use: Use, wanted: KubeObject): KubeObject | undefined =>
  live.get(refKey(refOf(use, wanted)));

/** Routes of the user that send to the apex: the strongest sign for a provider that splits their format. */
export const routeSigns = (formats: readonly RouteFormat[], { target, routes }: Surroundings): readonly Sign[] => {
  const found = routes.find((object) => formats.some((format) => isAdopted(format, target, object)));
  if (found === undefined) return [];
  const because = `the ${found.kind} ${found.metadata.name} sends to the Service ${target.apex.metadata.name}`;
  return [{ shows: 'route', because }];
};
