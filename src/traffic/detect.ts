/** Resolves `provider: auto` to the provider with the strongest signs, with the reason. */
import type { ProviderName } from '../schema/providers.ts';
import type { Sign, Surroundings, TrafficProvider } from '../ports/traffic.ts';

/** `because` is a sentence for the Release and the admission warning. */
export type Detection = { readonly provider: ProviderName; readonly because: string };

type Candidate = {
  readonly name: ProviderName;
  readonly kinds: string;
  readonly served: boolean;
  readonly signs: readonly Sign[];
};

const candidate = (around: Surroundings, name: ProviderName, provider: TrafficProvider): Candidate => {
  const needed = provider.uses.filter((use) => use.needed === 'always');
  return {
    name,
    kinds: needed.map(({ gvk }) => gvk.kind).join(' and '),
    served: needed.every(({ gvk }) => around.served(gvk)),
    signs: provider.signs(around),
  };
};

const strengths = { route: 2, proxy: 1, pods: 0 } as const;
const strength = ({ signs }: Candidate): number => signs.reduce((sum, { shows }) => sum + strengths[shows], 0);

/**
 * A user's own route that sends to the apex wins, because its callers can only be split in that route. Injected proxies
 * come next, if the route kinds that they obey are served. Otherwise the provider that works for every caller is chosen,
 * because an installed mesh alone does not show that requests pass through it. Ties go to the first provider in the map.
 */
export const detectProvider =
  (providers: Readonly<Record<ProviderName, TrafficProvider>>) =>
  (around: Surroundings): Detection => {
    const names = Object.keys(providers) as ProviderName[];
    const all = names.map((name) => candidate(around, name, providers[name]));
    const [best] = all
      .filter(({ served, signs }) => served && signs.length > 0)
      .sort((a, b) => strength(b) - strength(a));
    if (best === undefined) throw new Error('no provider works without a mesh');
    return { provider: best.name, because: reason(best, all) };
  };

const reason = (best: Candidate, all: readonly Candidate[]): string => {
  const told = (shows: Sign['shows']): string | undefined => best.signs.find((sign) => sign.shows === shows)?.because;
  const [route, proxy] = [told('route'), told('proxy')];
  if (route !== undefined) return route;
  return proxy === undefined
    ? `${plainReason(all)}, so ${told('pods') ?? ''}`
    : `${proxy}, and ${best.kinds} is served`;
};

const plainReason = (all: readonly Candidate[]): string => {
  const missed = all.find(({ served, signs }) => !served && signs.some(({ shows }) => shows === 'proxy'));
  const sign = missed?.signs.find(({ shows }) => shows === 'proxy');
  if (missed !== undefined && sign !== undefined) return `${sign.because}, but ${missed.kinds} is not served`;
  const installed = [...new Set(all.filter(({ served, kinds }) => served && kinds !== '').map(({ kinds }) => kinds))];
  if (installed.length === 0) return 'no route kind that Sluice can split is served';
  return `${installed.join(' and ')} is served, but nothing shows that the pods or their callers have a proxy that would obey it`;
};
