/** Every traffic provider by the name used in policies, and tables derived from this map. */
import { byKind, type KindUse } from '../values/kind-use.ts';
import type { Concern, RouteFormat } from '../values/route-format.ts';
import { providerNames, type ProviderName } from '../schema/providers.ts';
import type { TrafficProvider, TrafficRunner } from '../ports/traffic.ts';
import { istio } from './istio.ts';
import { kubernetes } from './kubernetes.ts';
import { runner } from './runner.ts';
import { linkerd, smi } from './smi.ts';

export const trafficProviders: Readonly<Record<ProviderName, TrafficProvider>> = {
  istio,
  linkerd,
  smi,
  kubernetes,
};

const all = providerNames.map((name) => [name, trafficProviders[name]] as const);

/** The runner of each provider. */
export const trafficRunners: Readonly<Record<string, TrafficRunner>> = Object.fromEntries(
  all.map(([name, provider]) => [name, runner(name, provider)]),
);

/** Kinds that any provider uses: they are watched, covered by RBAC rules and guarded. */
export const usedKinds: readonly KindUse[] = byKind(all.flatMap(([, { uses }]) => uses));

/** The format of each route kind that any provider splits. */
export const routeFormats: readonly RouteFormat[] = [
  ...new Set(all.flatMap(([, { uses }]) => uses.flatMap(({ format }) => format ?? []))),
];

/** Every kind that is indexed by the Services its objects concern. */
export const concerns: readonly Concern[] = [
  ...routeFormats,
  ...all.flatMap(([, { uses }]) => uses.flatMap(({ gvk, about }) => (about === undefined ? [] : [{ gvk, about }]))),
];
