/** The provider of a mesh whose split is in one weighted format: routes of the user are adopted, or one is made. */
import { apiVersionOf, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import type { RouteFormat } from '../values/route-format.ts';
import type { Split } from '../values/split.ts';
import type { Sign, Surroundings, Target, TrafficProvider, Use } from '../ports/traffic.ts';
import { apexProblems } from './apex-problems.ts';
import { routeSigns } from './roles.ts';
import { writeMemo } from './split-memo.ts';
import { routed, weightOnly } from './uses.ts';

/** A route of Sluice's own that carries a split. It needs no memory: nothing in it has to come back. */
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
  return writeMemo(format.put(whole, { apex, canaryService, split, release: release.name }), apex, undefined);
};

/** The canary's Service lends its name where a route of the user has the apex's. */
const freeName = ({ apex, canaryService }: Target, routes: readonly KubeObject[]): string =>
  routes.some(({ metadata }) => metadata.name === apex.metadata.name) ? canaryService : apex.metadata.name;

export type WeightedProvider = {
  readonly format: RouteFormat;
  readonly doubts: string;
  readonly isPartial?: TrafficProvider['isPartial'];
  /** The spec of a route that sends everything to the apex, for a user who has none. */
  readonly generate: (target: Target) => JsonObject;
  /** What else would keep a split from working; a Service that no route can split when left out. */
  readonly preflight?: TrafficProvider['preflight'];
  /** Kinds of others that are looked at beside the routes. */
  readonly reads?: readonly Use[];
  readonly ownSubsets?: TrafficProvider['ownSubsets'];
  /** Whether the user's routes decide for all callers of the apex, so that none is to be made. All but none do when left out. */
  readonly decideForAll?: (target: Target, routes: readonly KubeObject[]) => boolean;
  /** A route of the user that sends to the apex when left out. */
  readonly signs?: (around: Surroundings, routes: readonly Sign[]) => readonly Sign[];
};

const anyRoute: NonNullable<WeightedProvider['decideForAll']> = (_target, routes) => routes.length > 0;

export const weightedProvider = (provider: WeightedProvider): TrafficProvider => {
  const { format, generate, doubts, isPartial, preflight, signs, reads = [], ownSubsets } = provider;
  const { decideForAll = anyRoute } = provider;
  return {
    can: { splits: 'route', features: weightOnly, granularity: 1 },
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
