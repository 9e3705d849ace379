/** Checks what a policy asks of a traffic provider against the provider's capabilities. */
import type { PolicySpec } from '../../schema/policy.ts';
import { asWritten, type Finding } from '../../schema/validate.ts';
import type { Percent } from '../../values/percent.ts';
import type { Problem } from '../../values/problem.ts';
import { featuresOf, type Feature, type Split } from '../../values/split.ts';
import { placedSplits } from './placed-splits.ts';
import { resolvePolicy } from './resolve-policy.ts';

/** The part of a provider that plans are checked against. */
export type KnownProvider = {
  readonly can: {
    readonly splits: 'route' | 'replicas';
    /** The features of a split that the provider supports. */
    readonly features: ReadonlySet<Feature>;
    /** Granularity of weights, in percent. */
    readonly granularity: number;
  };
  /**
   * Required kinds that the API server does not serve now, such as `VirtualService (networking.istio.io)`: those that the
   * provider always needs, and those needed for the given features.
   */
  readonly missing?: (asked: ReadonlySet<Feature>) => readonly string[];
};

/** Providers by the name in policies. `auto` is not among them: it is resolved when a release starts. */
export type KnownProviders = { readonly [name: string]: KnownProvider };

type Named = KnownProvider & { readonly name: string };
type Fault = { readonly rule: string; readonly todo: string };

const textKinds = { header: 'a header', cookie: 'a cookie', query: 'a query parameter' } as const;
const hows = { exact: '', prefix: ' by its prefix', suffix: ' by its suffix', regex: ' by a pattern' } as const;

const featureText = (feature: Feature): string => {
  const [what, kind, how] = feature.split('.') as [string, keyof typeof textKinds | 'source', keyof typeof hows];
  switch (what) {
    case 'match':
      return kind === 'source'
        ? 'requests that match labels of the calling workload'
        : `requests that match ${textKinds[kind]}${hows[how]}`;
    case 'mirror':
      return feature === 'mirror' ? 'copies of requests' : 'copies of a part of the requests';
    case 'sticky':
      return 'callers that stay on the arm that answered first';
    default:
      return 'a share of the requests';
  }
};

/** Features of a split that the provider does not support. Used both at admission and before a release starts. */
export const missingFeatures = ({ name, can }: Pick<Named, 'name' | 'can'>, split: Split): readonly Fault[] =>
  [...featuresOf(split)]
    .filter((feature) => !can.features.has(feature))
    .map((feature) => ({
      rule: `asks for ${featureText(feature)} (${feature}), which the provider ${name} cannot do`,
      todo: 'Take it out, or use a provider that can.',
    }));

const faultsOf = (provider: Named, split: Split): readonly Fault[] => [
  ...missingFeatures(provider, split),
  ...coarse(provider, split.weight),
  ...everything(provider, split.weight),
];

const coarse = ({ name, can }: Named, weight: Percent): readonly Fault[] =>
  weight % can.granularity === 0
    ? []
    : [
        {
          rule: `must be a multiple of ${can.granularity}: the provider ${name} cannot express anything between`,
          todo: `Write ${Math.ceil(weight / can.granularity) * can.granularity}, or use another provider.`,
        },
      ];

/** With a split by the number of pods, 100 % is impossible, because stable is never scaled down. */
const everything = ({ name, can }: Named, weight: Percent): readonly Fault[] =>
  can.splits === 'route' || weight < 100
    ? []
    : [
        {
          rule: `must be below 100: the provider ${name} splits by the number of pods, and stable keeps its own`,
          todo: 'Leave the last step out; promotion takes everything to the new template anyway.',
        },
      ];

/** Problems of a plan's splits with the provider chosen for a release, each with the field `weights`. */
export const planProblems = (provider: Pick<Named, 'name' | 'can'>, splits: readonly Split[]): readonly Problem[] =>
  splits.flatMap((split) =>
    faultsOf(provider, split).map((fault) => ({ field: 'weights', value: splitValue(split), ...fault })),
  );

/** A split in the form that a person would write: usually just a weight. */
const splitValue = (split: Split): string => {
  const { weight, ...more } = split;
  return Object.keys(more).length === 0 ? String(weight) : JSON.stringify(split);
};

const features = (splits: readonly Split[]): ReadonlySet<Feature> =>
  new Set(splits.flatMap((split) => [...featuresOf(split)]));

/** Why the provider cannot be used yet, as a sentence fragment after its name. */
export const unserved = ({ missing }: KnownProvider, splits: readonly Split[] = []): string | undefined => {
  const kinds = missing?.(features(splits)) ?? [];
  return kinds.length === 0 ? undefined : `works with ${kinds.join(' and ')}, which the API server does not serve`;
};

/** Reports what the named provider cannot carry out. The spec has passed the schema. */
export const planFindings = (spec: PolicySpec, known: KnownProviders = {}): readonly Finding[] => {
  const policy = resolvePolicy(spec);
  const found = known[policy.provider];
  if (found === undefined) return [];
  const all = placedSplits(spec, policy).flatMap(({ split, says = '', ...place }) =>
    faultsOf({ name: policy.provider, ...found }, split).map(({ rule, todo }) => ({
      ...place,
      rule: says + rule,
      todo,
    })),
  );
  // One stepWeight expands to many weights, but is reported once.
  return all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
};

/** Warnings about a named provider that cannot be used yet. */
export const providerWarnings = (name: string, known: KnownProviders = {}): readonly string[] => {
  const provider = known[name];
  const why = provider === undefined ? undefined : unserved(provider);
  if (why === undefined) return [];
  const there = usable(known);
  const one = there.length === 0 ? '' : ` (${there.join(', ')})`;
  return [
    `the provider ${name} ${why}: no release can start until it does; the provider auto takes one that is there${one}`,
  ];
};

/** How traffic is split: by routes, by the number of pods, or `either`, if that is decided when a release starts. */
export type SplitBy = 'route' | 'pods' | 'either';

/** Undefined for an unknown provider. `auto` falls back to pods if no route kind is served. */
export const splitBy = (name: string, known: KnownProviders = {}): SplitBy | undefined => {
  const provider = known[name];
  if (provider !== undefined) return provider.can.splits === 'route' ? 'route' : 'pods';
  if (name !== 'auto' || Object.keys(known).length === 0) return undefined;
  const routes = usable(known).some((one) => known[one]?.can.splits === 'route');
  return routes ? 'either' : 'pods';
};

/** Names of providers whose kinds the API server serves. */
const usable = (known: KnownProviders): readonly string[] =>
  Object.entries(known).flatMap(([name, provider]) => (unserved(provider) === undefined ? [name] : []));

/** Problems with the provider of a release that is about to start. */
export const providerProblems = (
  provider: Named,
  known: KnownProviders = {},
  splits: readonly Split[] = [],
): readonly Problem[] => {
  const why = unserved(provider, splits);
  const there = usable(known);
  return why === undefined
    ? []
    : [
        {
          field: 'provider',
          value: asWritten(provider.name),
          rule: why,
          todo: `Install what serves it, or use another provider${there.length === 0 ? '' : ` (here ${there.join(', ')} can be used)`}.`,
        },
      ];
};
