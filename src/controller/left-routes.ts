/** Gives back the routes that lead to a canary whose Release is gone, from what is written on the objects alone. */
import { kinds } from '../schema/kinds.ts';
import { isMade, madeFor } from '../schema/names.ts';
import { isSameKind, kindOf, type Gvk, type KubeObject } from '../values/kube-object.ts';
import type { RouteFormat } from '../values/route-format.ts';
import type { CarriedSplit } from '../values/route-split.ts';
import type { ControllerDependencies } from './dependencies.ts';

export type Place = { readonly namespace: string; readonly workload: string };

/** Names of the Releases that these objects were made for. */
export const releasesIn = (left: readonly KubeObject[]): ReadonlySet<string> =>
  new Set(left.flatMap((object) => madeFor(object).name ?? []));

/** Resolves with the number of writes. */
export const giveBackLeftRoutes = async (
  deps: ControllerDependencies,
  place: Place,
  left: readonly KubeObject[],
): Promise<number> => (await takeOutSplits(deps, place, left)) + (await removeMade(deps, place, left));

/** Splits that users' routes carry for one of these canaries. */
const takeOutSplits = async (
  deps: ControllerDependencies,
  { namespace, workload }: Place,
  left: readonly KubeObject[],
): Promise<number> => {
  let writes = 0;
  for (const { format, object, split } of carried(deps, namespace, releasesIn(left))) {
    await deps.cluster.replace(format.take(object, split.apex), format.gvk);
    writes += 1;
    const route = `${format.gvk.kind} ${object.metadata.name}`;
    deps.log.warn(
      { namespace, workload, release: split.release, route },
      'the release is gone; its route is as it was',
    );
  }
  return writes;
};

export type Carried = { readonly format: RouteFormat; readonly object: KubeObject; readonly split: CarriedSplit };

/** Users' routes with a split of these Releases. One split of each: the next one is found in what is stored then. */
export const carried = (
  { traffic, cluster }: ControllerDependencies,
  namespace: string,
  releases: ReadonlySet<string>,
): readonly Carried[] =>
  traffic.formats
    .filter(({ gvk }) => cluster.serves(gvk))
    .flatMap((format) =>
      cluster.list(format.gvk, namespace).flatMap((object) => {
        const split = format.read(object).find(({ release }) => releases.has(release));
        return split === undefined || isMade(object) ? [] : [{ format, object, split }];
      }),
    );

/** Routes that Sluice made: everything that is left but the canary itself. */
const removeMade = async (
  { traffic, cluster }: ControllerDependencies,
  { namespace }: Place,
  left: readonly KubeObject[],
): Promise<number> => {
  const own = Object.values(traffic.providers).flatMap(({ uses }) => uses.map(({ gvk }) => gvk));
  const kindsOfRoutes: readonly Gvk[] = own.filter(
    (gvk) => !isSameKind(gvk, kinds.deployment) && !isSameKind(gvk, kinds.service),
  );
  let writes = 0;
  for (const object of left) {
    const gvk = kindsOfRoutes.find((one) => isSameKind(one, kindOf(object)));
    if (gvk === undefined || !cluster.serves(gvk)) continue;
    if (await cluster.remove({ gvk, namespace, name: object.metadata.name }, object.metadata.uid)) writes += 1;
  }
  return writes;
};
