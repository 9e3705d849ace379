/** What a policy asks of a traffic provider, held against what the provider says it can do. */
import type { PolicySpec } from '../../schema/policy.ts';
import { asWritten, type Finding } from '../../schema/validate.ts';
import type { Percent } from '../../values/percent.ts';
import type { Problem } from '../../values/problem.ts';
import { resolvePolicy } from './resolve-policy.ts';

/** The part of a provider that a plan can be held against. */
export type KnownProvider = {
  readonly can: {
    readonly splits: 'route' | 'replicas';
    /** Smallest difference of weight it can express, in percent. */
    readonly granularity: number;
  };
  /** Kinds it works with that the API server does not serve now, as `VirtualService (networking.istio.io)`. */
  readonly missing?: () => readonly string[];
};

/** Providers by the name a policy gives them. `auto` is none of them: which it is turns out when a release starts. */
export type KnownProviders = { readonly [name: string]: KnownProvider };

type Named = KnownProvider & { readonly name: string };
type Fault = { readonly rule: string; readonly todo: string };

const faultsOf = (provider: Named, weight: Percent): readonly Fault[] => [
  ...coarse(provider, weight),
  ...everything(provider, weight),
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

/** Stable is never scaled down, so its pods keep a share of whatever is split by the number of pods. */
const everything = ({ name, can }: Named, weight: Percent): readonly Fault[] =>
  can.splits === 'route' || weight < 100
    ? []
    : [
        {
          rule: `must be below 100: the provider ${name} splits by the number of pods, and stable keeps its own`,
          todo: 'Leave the last step out; promotion takes everything to the new template anyway.',
        },
      ];

/** Problems of a plan's weights with the provider a release has found, each with the field `weights`. */
export const planProblems = (provider: Pick<Named, 'name' | 'can'>, weights: readonly Percent[]): readonly Problem[] =>
  weights.flatMap((weight) =>
    faultsOf(provider, weight).map((fault) => ({ field: 'weights', value: String(weight), ...fault })),
  );

/** Why nothing can be routed yet, as a sentence fragment after the provider's name. */
export const unserved = ({ missing }: KnownProvider): string | undefined => {
  const kinds = missing?.() ?? [];
  return kinds.length === 0 ? undefined : `works with ${kinds.join(' and ')}, which the API server does not serve`;
};

type Place = Pick<Finding, 'path' | 'value'> & { readonly says?: string };

/** Where the person wrote the weight. Of the default weights nobody wrote any: what does not fit them is the provider. */
const placeOf = ({ weights, stepWeight, maxWeight, provider }: PolicySpec, index: number, weight: Percent): Place => {
  if (weights !== undefined) return { path: `weights[${index}]`, value: weight };
  if (stepWeight === undefined) return { path: 'provider', value: provider, says: `the default step ${weight} ` };
  return weight === maxWeight ? { path: 'maxWeight', value: weight } : { path: 'stepWeight', value: stepWeight };
};

/** What the provider that the policy names cannot carry out. The spec has passed the schema. */
export const planFindings = (spec: PolicySpec, known: KnownProviders = {}): readonly Finding[] => {
  const { provider, weights } = resolvePolicy(spec);
  const found = known[provider];
  if (found === undefined) return [];
  const all = weights.flatMap((weight, index) => {
    const { says = '', ...place } = placeOf(spec, index, weight);
    return faultsOf({ name: provider, ...found }, weight).map(({ rule, todo }) => ({
      ...place,
      rule: says + rule,
      todo,
    }));
  });
  // One stepWeight makes many weights, and is wrong once.
  return all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
};

/** What the person should know about the provider that the policy names, although it can be carried out some day. */
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

/** Names of those whose kinds the API server serves. */
const usable = (known: KnownProviders): readonly string[] =>
  Object.entries(known).flatMap(([name, provider]) => (unserved(provider) === undefined ? [name] : []));

/** The same for a release that is to start. */
export const providerProblems = (provider: Named, known: KnownProviders = {}): readonly Problem[] => {
  const why = unserved(provider);
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
