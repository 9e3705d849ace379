import { describe, expect, it } from '@jest/globals';
import { sourceForms } from '../../metrics/index.ts';
import type { PolicySpec } from '../../schema/policy.ts';
import type { Feature, Split } from '../../values/split.ts';
import { percent } from '../../values/percent.ts';
import { sentence } from '../../values/problem.ts';
import { parsePolicy, parsePolicySpec, type ParsedSpec } from './parse-policy.ts';
import { missingFeatures, planProblems, providerProblems, splitsOf, type KnownProviders } from './provider-plan.ts';

const features: ReadonlySet<Feature> = new Set<Feature>(['weight']);
const route = { can: { splits: 'route', features, granularity: 1 } } as const;
const pods = { can: { splits: 'replicas', features, granularity: 1 } } as const;
const coarse = { can: { splits: 'route', features, granularity: 5 } } as const;
const away = { ...route, missing: () => ['VirtualService (networking.istio.io/v1)'] } as const;
const known: KnownProviders = { istio: route, smi: coarse, kubernetes: pods };

const multiple = (of: number): string =>
  `must be a multiple of ${of}: the provider smi cannot express anything between`;
const below100 =
  'must be below 100: the provider kubernetes splits by the number of pods, and stable keeps its own. Leave the last step out; promotion takes everything to the new template anyway.';

describe('planProblems', () => {
  it.each([
    ['any whole percent of a route', { name: 'istio', ...route }, [1, 33, 100], []],
    ['fives, of a provider that knows only those', { name: 'smi', ...coarse }, [5, 50, 100], []],
    [
      'anything else of it',
      { name: 'smi', ...coarse },
      [1, 12],
      [
        `weights "1": ${multiple(5)}. Write 5, or use another provider.`,
        `weights "12": ${multiple(5)}. Write 15, or use another provider.`,
      ],
    ],
    ['everything, from pods', { name: 'kubernetes', ...pods }, [50, 100], [`weights "100": ${below100}`]],
  ])('answers to %s', (_case, provider, weights, problems) =>
    expect(planProblems(provider, splitsOf(weights.map(percent))).map(sentence)).toEqual(problems),
  );
});

describe('missingFeatures', () => {
  const of = (split: Partial<Split>): readonly string[] =>
    missingFeatures({ name: 'smi', ...coarse }, { weight: percent(0), ...split }).map(({ rule }) => rule);
  const cannot = 'which the provider smi cannot do';

  it.each<[string, Partial<Split>, readonly string[]]>([
    ['a weight, which every provider can', { weight: percent(5) }, []],
    ['nothing', {}, []],
    [
      'a header',
      { match: [{ headers: { 'x-user': { exact: 'beta' } } }] },
      [`asks for requests that match a header (match.header.exact), ${cannot}`],
    ],
    [
      'a cookie and a query parameter, each in its way, once',
      {
        match: [{ cookies: { a: { regex: 'b' } } }, { cookies: { a: { regex: 'c' } }, query: { q: { prefix: 'd' } } }],
      },
      [
        `asks for requests that match a cookie by a pattern (match.cookie.regex), ${cannot}`,
        `asks for requests that match a query parameter by its prefix (match.query.prefix), ${cannot}`,
      ],
    ],
    [
      'the calling workload',
      { match: [{ sourceLabels: { app: 'shop' } }] },
      [`asks for requests that match labels of the calling workload (match.source), ${cannot}`],
    ],
    [
      'copies of a part',
      { mirror: percent(10) },
      [
        `asks for copies of requests (mirror), ${cannot}`,
        `asks for copies of a part of the requests (mirror.percent), ${cannot}`,
      ],
    ],
    [
      'sessions',
      { sticky: { cookie: 'arm', ttl: 1 } },
      [`asks for callers that stay on the arm that answered first (sticky), ${cannot}`],
    ],
  ])('names what the provider cannot do of %s', (_case, split, rules) => expect(of(split)).toEqual(rules));

  it('is asked before a release starts', () =>
    expect(
      planProblems({ name: 'istio', ...route }, [{ weight: percent(5), mirror: percent(100) }]).map(sentence),
    ).toEqual([
      'weights "{"weight":5,"mirror":100}": asks for copies of requests (mirror), which the provider istio cannot do. Take it out, or use a provider that can.',
    ]));
});

const told = (parsed: ParsedSpec): readonly string[] => (parsed.ok ? [] : parsed.problems.map(sentence));

describe('a policy that names its provider', () => {
  const ofSpec = (spec: PolicySpec): readonly string[] =>
    told(parsePolicySpec(spec, { forms: sourceForms, providers: known }));

  it.each<[string, PolicySpec, readonly string[]]>([
    ['steps it can do', { provider: 'smi', weights: [5, 50] }, []],
    [
      'steps, each at its place',
      { provider: 'smi', weights: [5, 12] },
      [`spec.weights[1] "12": ${multiple(5)}. Write 15`],
    ],
    ['a stepWeight, once', { provider: 'smi', stepWeight: 3 }, [`spec.stepWeight "3": ${multiple(5)}. Write 5`]],
    ['a maxWeight', { provider: 'kubernetes', stepWeight: 50, maxWeight: 100 }, [`spec.maxWeight "100": ${below100}`]],
    [
      'the default steps, which nobody wrote',
      { provider: 'smi' },
      [`spec.provider "smi": the default step 1 ${multiple(5)}. Write 5`],
    ],
    ['nothing, as long as the provider is to be found', { provider: 'auto', weights: [3, 100] }, []],
    ['nothing, of a provider that nobody has described', { provider: 'linkerd', weights: [3] }, []],
  ])('is held against %s', (_case, spec, expected) => {
    const found = ofSpec(spec);
    expect(found).toHaveLength(expected.length);
    expected.forEach((text, i) => expect(found[i]).toContain(text));
  });

  const ofWorkload = (own: Readonly<Record<string, string>>, spec: PolicySpec): ParsedSpec =>
    parsePolicy({
      forms: sourceForms,
      annotations: Object.fromEntries(Object.entries(own).map(([key, text]) => [`sluice.dev/${key}`, text])),
      namespace: 'shop',
      find: () => ({ kind: 'CanaryPolicy', spec }),
      providers: known,
    });

  it.each<[string, Readonly<Record<string, string>>, PolicySpec, readonly string[]]>([
    [
      'in the annotation',
      { canary: 'enabled', provider: 'kubernetes', steps: '50,100' },
      {},
      [`sluice.dev/steps "100": ${below100}`],
    ],
    [
      'in the policy, where the annotation names the provider',
      { policy: 'careful', provider: 'kubernetes' },
      { weights: [50, 100] },
      [`CanaryPolicy/careful spec.weights[1] "100": ${below100}`],
    ],
    [
      'in the annotation, where the policy names the provider',
      { policy: 'careful', steps: '12' },
      { provider: 'smi', weights: [5] },
      [`sluice.dev/steps "12": ${multiple(5)}. Write sluice.dev/steps: "5,25,50", for example.`],
    ],
    [
      'in the annotation that names it, where the steps are nobody’s',
      { canary: 'enabled', provider: 'smi' },
      {},
      [
        `sluice.dev/provider "smi": the default step 1 ${multiple(5)}. Write sluice.dev/provider: "istio", for example.`,
      ],
    ],
  ])('is refused where it was written: %s', (_case, own, spec, problems) =>
    expect(told(ofWorkload(own, spec))).toEqual(problems),
  );

  it('is told together with what is wrong with its queries', () => {
    const checks = [{ name: 'errors', query: 'sum(rate(x[{{nothing}}]))', max: 1 }];
    const found = ofSpec({ provider: 'kubernetes', weights: [100], checks });
    expect(found).toEqual([expect.stringContaining('spec.checks[0].query'), `spec.weights[0] "100": ${below100}`]);
  });
});

const warningsOf = (parsed: ReturnType<typeof parsePolicySpec>): readonly string[] =>
  parsed.ok ? (parsed.warnings ?? []) : [];

describe('a provider whose kinds are not served', () => {
  it('is a warning as long as it is only written down', () => {
    expect(parsePolicySpec({ provider: 'istio' }, { forms: sourceForms, providers: { istio: away } })).toMatchObject({
      ok: true,
      warnings: [
        'the provider istio works with VirtualService (networking.istio.io/v1), which the API server does not serve: no release can start until it does; the provider auto takes one that is there',
      ],
    });
    const [words = ''] = warningsOf(
      parsePolicySpec(
        { provider: 'istio' },
        { forms: sourceForms, providers: { istio: away, kubernetes: route, smi: route } },
      ),
    );
    expect(words).toContain('the provider auto takes one that is there (kubernetes, smi)');
    expect(
      parsePolicySpec(
        { provider: 'istio' },
        { forms: sourceForms, providers: { istio: { ...away, missing: () => [] } } },
      ),
    ).not.toHaveProperty('warnings');
    expect(parsePolicySpec({}, { forms: sourceForms, providers: { istio: away } })).not.toHaveProperty('warnings');
  });

  it('is a problem of a release that is to start', () => {
    expect(providerProblems({ name: 'istio', ...away }).map(sentence)).toEqual([
      'provider "istio": works with VirtualService (networking.istio.io/v1), which the API server does not serve. Install what serves it, or use another provider.',
    ]);
    expect(providerProblems({ name: 'istio', ...away }, { istio: away, smi: route }).map(({ todo }) => todo)).toEqual([
      'Install what serves it, or use another provider (here smi can be used).',
    ]);
    expect(providerProblems({ name: 'istio', ...route })).toEqual([]);
  });
});
