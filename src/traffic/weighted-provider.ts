/** The provider of a mesh whose split is in one weighted format: routes of the user are adopted, or one is made. */
import { apiVersionOf, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import type { RouteFormat } from '../values/route-format.ts';
import { hasMore, type Feature, type Split } from '../values/split.ts';
import type { Sign, Surroundings, Target, TrafficProvider, Use } from '../ports/traffic.ts';
import { apexProblems } from './apex-problems.ts';
import { routeSigns } from './roles.ts';
import { writeMemo } from './split-memo.ts';
import { routed, weightOnly } from './uses.ts';

/**
 * A split route made by Sluice. Nothing in it has to be restored, and a weight can be read back without a memo; what a
 * split asks for beside it cannot.
 */
export const madeRoute = (
  format: RouteFormat,
  target: Target,
  split: Split,
  { spec, name = target.apex.metadata.name }: { readonly spec: JsonObject; readonly name?: string },
): KubeObject => {
  const { namespace, canaryService, release } = target;
  const apex = target.apex.metadata.name;
  const { gvk } = format;
  const whole = { apiVersion: apiVersionOf(gvk), kind: gvk.kind, metadata: { name, namespace }, spec };
  const route = format.put(whole, { apex, canaryService, split, release: release.name });
  return hasMore(split) ? route : writeMemo(route, apex, undefined);
};

/** The name of the apex, or of the canary's Service if a route of the user already has the former. */
const freeName = ({ apex, canaryService }: Target, routes: readonly KubeObject[]): string =>
  routes.some(({ metadata }) => metadata.name === apex.metadata.name) ? canaryService : apex.metadata.name;

export type WeightedProvider = {
  readonly format: RouteFormat;
  readonly doubts: string;
  /** What of a split its format can say; by default, a weight. */
  readonly features?: ReadonlySet<Feature>;
  readonly isPartial?: TrafficProvider['isPartial'];
  /** The spec of a route that sends everything to the apex, for a user who has none. */
  readonly generate: (target: Target) => JsonObject;
  /** Further checks before a split; by default, that the Service can be split by a route at all. */
  readonly preflight?: TrafficProvider['preflight'];
  /** Kinds that are only read, beside the routes. */
  readonly reads?: readonly Use[];
  readonly ownSubsets?: TrafficProvider['ownSubsets'];
  /**
   * Whether the user's routes handle all callers of the apex, so that Sluice makes none. By default any route of the user
   * is enough.
   */
  readonly decideForAll?: (target: Target, routes: readonly KubeObject[]) => boolean;
  /** By default, a route of the user that sends to the apex. */
  readonly signs?: (around: Surroundings, routes: readonly Sign[]) => readonly Sign[];
};

const anyRoute: NonNullable<WeightedProvider['decideForAll']> = (_target, routes) => routes.length > 0;

export const weightedProvider = (provider: WeightedProvider): TrafficProvider => {
  const { format, generate, doubts, isPartial, preflight, signs, reads = [], ownSubsets } = provider;
  const { decideForAll = anyRoute, features = weightOnly } = provider;
  return {
    can: { splits: 'route', features, granularity: 1 },
    uses: [routed(format), ...reads],
    doubts,
    ...(isPartial === undefined ? {} : { isPartial }),
    signs: (around) => {
      const routes = routeSigns([format], around);
      return signs?.(around, routes) ?? routes;
    },
    preflight: preflight ?? (({ apex }) => apexProblems(apex)),
    own: (target, split, routes) =>
      decideForAll(target, routes)
        ? []
        : [madeRoute(format, target, split, { spec: generate(target), name: freeName(target, routes) })],
    ...(ownSubsets === undefined ? {} : { ownSubsets }),
  };
};
