/** Splits for property tests: all that may be asked for, or what a provider says it can do. */
import fc from 'fast-check';
import { percent } from '../../src/values/percent.ts';
import { featuresOf, type Feature, type Split } from '../../src/values/split.ts';

const name = fc.constantFrom('x-user', 'beta', 'arm');
const text = fc.oneof(
  ...(['exact', 'prefix', 'suffix', 'regex'] as const).map((how) => name.map((value) => ({ [how]: value }) as never)),
);
const texts = fc.dictionary(name, text, { minKeys: 1, maxKeys: 2 });

export const shares = fc.integer({ min: 0, max: 100 });

/** Everything that a split may ask for, whether or not any provider can do it. */
export const splits: fc.Arbitrary<Split> = fc.record(
  {
    weight: shares.map(percent),
    match: fc.array(
      fc.record({
        headers: texts,
        cookies: texts,
        query: texts,
        sourceLabels: fc.dictionary(name, name, { minKeys: 1 }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    mirror: fc.integer({ min: 1, max: 100 }).map(percent),
    sticky: fc.record({ cookie: name, ttl: fc.nat() }),
  },
  { requiredKeys: ['weight'] },
);

const oneOf = (kind: 'header' | 'cookie' | 'query', features: ReadonlySet<Feature>) => {
  const hows = (['exact', 'prefix', 'suffix', 'regex'] as const).filter((how) => features.has(`match.${kind}.${how}`));
  if (hows.length === 0) return undefined;
  const said = fc.tuple(fc.constantFrom(...hows), name).map(([how, value]) => ({ [how]: value }) as never);
  return fc.dictionary(name, said, { minKeys: 1, maxKeys: 1 });
};

/** One match, usually of one condition: most of them can be said in most rules. */
const matchOf = (features: ReadonlySet<Feature>) => {
  const [headers, cookies, query] = (['header', 'cookie', 'query'] as const).map((kind) => oneOf(kind, features));
  const single = [
    headers?.map((texts) => ({ headers: texts })),
    cookies?.map((texts) => ({ cookies: texts })),
    query?.map((texts) => ({ query: texts })),
    features.has('match.source')
      ? fc.dictionary(name, name, { minKeys: 1, maxKeys: 1 }).map((sourceLabels) => ({ sourceLabels }))
      : undefined,
  ].filter((one) => one !== undefined);
  if (single.length === 0) return undefined;
  const any: fc.Arbitrary<object> = fc.oneof(...single);
  return fc.oneof(
    any,
    fc.tuple(any, any).map(([a, b]) => ({ ...a, ...b })),
  );
};

/** Splits that ask for nothing but these features. */
export const splitsWith = (features: ReadonlySet<Feature>): fc.Arbitrary<Split> => {
  const match = matchOf(features);
  const keys = {
    weight: fc.oneof(fc.constantFrom(0, 0, 100), shares).map(percent),
    ...(match === undefined ? {} : { match: fc.array(match, { minLength: 1, maxLength: 2 }) }),
    ...(features.has('mirror') ? { mirror: fc.constantFrom(1, 30, 50, 100).map(percent) } : {}),
  };
  return fc
    .record<Split>(keys, { requiredKeys: ['weight'] })
    .filter((split) => [...featuresOf(split)].every((feature) => features.has(feature)));
};
