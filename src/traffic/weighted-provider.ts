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
export const madeRoute = (format: RouteFormat, target: Target, split: Split, spec: JsonObject): KubeObject => {
  const { namespace, apex, canaryService, release } = target;
  const { name } = apex.metadata;
  const { gvk } = format;
  const whole = { apiVersion: apiVersionOf(gvk), kind: gvk.kind, metadata: { name, namespace }, spec };
  return writeMemo(format.put(whole, { apex: name, canaryService, split, release: release.name }), name, undefined);
};

export type WeightedProvider = {
  readonly format: RouteFormat;
  readonly doubts: string;
  /** The spec of a route that sends everything to the apex, for a user who has none. */
  readonly generate: (target: Target) => JsonObject;
  /** What else would keep a split from working; a Service that no route can split when left out. */
  readonly preflight?: TrafficProvider['preflight'];
  /** Kinds of others that are looked at beside the routes. */
  readonly reads?: readonly Use[];
  readonly ownSubsets?: TrafficProvider['ownSubsets'];
  /** A route of the user that sends to the apex when left out. */
  readonly signs?: (around: Surroundings, routes: readonly Sign[]) => readonly Sign[];
};

export const weightedProvider = (provider: WeightedProvider): TrafficProvider => {
  const { format, generate, doubts, preflight, signs, reads = [], ownSubsets } = provider;
  return {
    can: { splits: 'route', features: weightOnly, granularity: 1 },
    uses: [routed(format), ...reads],
    doubts,
    signs: (around) => {
      const routes = routeSigns([format], around);
      return signs?.(around, routes) ?? routes;
    },
    preflight: preflight ?? (({ apex }) => apexProblems(apex)),
    own: (target, split, adopted) => (adopted.length > 0 ? [] : [madeRoute(format, target, split, generate(target))]),
    ...(ownSubsets === undefined ? {} : { ownSubsets }),
  };
};
