/** How traffic is split between the two arms. It is passed on whole: plan, status, effect, route, annotation, facts. */
import { sameJson } from './same-json.ts';
import type { Labels } from './kube-object.ts';
import { percent, type Percent } from './percent.ts';
import type { Milliseconds } from './time.ts';

/** How to compare a text. Regular expressions are RE2 and match the whole text. */
export type TextMatch =
  { readonly exact: string } | { readonly prefix: string } | { readonly suffix: string } | { readonly regex: string };

type TextMatches = { readonly [name: string]: TextMatch };

/**
 * Selects requests that go to the canary regardless of the weight. All conditions of a match must hold; one match
 * suffices.
 */
export type Match = {
  readonly headers?: TextMatches;
  readonly cookies?: TextMatches;
  readonly query?: TextMatches;
  /** Labels of the calling workload. */
  readonly sourceLabels?: Labels;
};

/** Keeps a caller on the arm of its first response. */
export type Sticky = { readonly cookie: string; readonly ttl: Milliseconds };

export type Split = {
  /** Percentage of the requests without a match that go to the canary. */
  readonly weight: Percent;
  readonly match?: readonly Match[];
  /** Percentage of the requests to stable that are copied to the canary. The copies' responses are discarded. */
  readonly mirror?: Percent;
  readonly sticky?: Sticky;
};

/** No traffic for the canary. */
export const noSplit: Split = { weight: percent(0) };

export const sameSplit = (a: Split, b: Split): boolean => sameJson(a, b);

/** A capability that a split may need from a provider. */
export type Feature =
  | 'weight'
  | `match.${'header' | 'cookie' | 'query'}.${'exact' | 'prefix' | 'suffix' | 'regex'}`
  | 'match.source'
  | 'mirror'
  | 'mirror.percent'
  | 'sticky';

const textFeatures = (kind: 'header' | 'cookie' | 'query', texts: TextMatches = {}): readonly Feature[] =>
  Object.values(texts).flatMap((text) =>
    (['exact', 'prefix', 'suffix', 'regex'] as const)
      .filter((how) => how in text)
      .map((how) => `match.${kind}.${how}` as const),
  );

/** The capabilities a split needs. */
export const featuresOf = ({ weight, match = [], mirror = percent(0), sticky }: Split): ReadonlySet<Feature> =>
  new Set<Feature>([
    ...(weight > 0 ? (['weight'] as const) : []),
    ...match.flatMap(({ headers, cookies, query, sourceLabels }) => [
      ...textFeatures('header', headers),
      ...textFeatures('cookie', cookies),
      ...textFeatures('query', query),
      ...(sourceLabels === undefined ? [] : (['match.source'] as const)),
    ]),
    ...(mirror > 0 ? (['mirror'] as const) : []),
    ...(mirror > 0 && mirror < 100 ? (['mirror.percent'] as const) : []),
    ...(sticky === undefined ? [] : (['sticky'] as const)),
  ]);

/** Whether a route has to say more of the split than weights: matches, or copies. */
export const hasMore = ({ match = [], mirror }: Split): boolean => match.length > 0 || (mirror ?? 0) > 0;

/** Whether the split needs nothing from a provider. */
export const isNoSplit = (split: Split): boolean => featuresOf(split).size === 0;

/** A split in words: `20 %`, `20 % and requests that match`. */
export const splitText = ({ weight, match = [], mirror = percent(0), sticky }: Split): string =>
  [
    `${weight} %`,
    ...(match.length > 0 ? ['requests that match'] : []),
    ...(mirror > 0 ? [`copies of ${mirror} %`] : []),
    ...(sticky === undefined ? [] : ['callers that were there before']),
  ].join(' and ');
