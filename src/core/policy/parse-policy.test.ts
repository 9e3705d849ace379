import { describe, expect, it, test } from '@jest/globals';
import { sourceForms } from '../../metrics/index.ts';
import fc from 'fast-check';
import { marks, policyAnnotations } from '../../schema/annotations.ts';
import type { PolicySpec } from '../../schema/policy.ts';
import type { Json, Labels } from '../../values/kube-object.ts';
import { sentence } from '../../values/problem.ts';
import { readAllowedAddress, type AllowedAddress } from '../outbound/allowed-address.ts';
import type { SelectingPolicy } from './opt-in.ts';
import { parsePolicy, parsePolicySpec, type FoundPolicy, type ParsedPolicy, type PolicyInput } from './parse-policy.ts';
import { weightsOf } from '../plan/policy-weights.ts';
import { resolvePolicy } from './resolve-policy.ts';

const named: Readonly<Record<string, FoundPolicy>> = {
  careful: {
    kind: 'CanaryPolicy',
    spec: { weights: [2, 10], interval: '5m', approval: 'required', successRate: 99.9 },
  },
  even: { kind: 'ClusterCanaryPolicy', spec: { stepWeight: 10, maxWeight: 30 } },
  stale: { kind: 'CanaryPolicy', spec: { checks: [{ name: 'errors', query: 'up', min: 2, max: 1 }] } },
};
const parse = (own: Labels): ParsedPolicy =>
  parsePolicy({
    forms: sourceForms,
    annotations: Object.fromEntries(Object.entries(own).map(([key, text]) => [`sluice.dev/${key}`, text])),
    namespace: 'shop',
    find: (name) => (Object.hasOwn(named, name) ? named[name] : undefined),
    names: () => Object.keys(named),
  });
const optIn: Labels = { 'sluice.dev/canary': 'enabled' };
const read = (own: Labels): ParsedPolicy & { ok: true } => {
  const parsed = parse(own);
  if (!parsed.ok) throw new Error(parsed.problems.map(sentence).join('\n'));
  return parsed;
};
const problems = (own: Labels): readonly string[] => {
  const parsed = parse(own);
  return parsed.ok ? [] : parsed.problems.map(sentence);
};

/** Of a built-in check that says nothing else. */
const judged = { judge: 'threshold', minRequests: 20 };

describe('parsePolicy', () => {
  it('fills in the default policy where nothing but the opt-in is written', () => {
    expect(read({ canary: 'enabled' })).toEqual({
      ok: true,
      optIn: { optedIn: true, because: 'annotation', passedOver: [] },
      spec: {},
      policy: {
        strategy: { kind: 'weights', weights: [1, 5, 20, 50] },
        provider: 'auto',
        interval: 60_000,
        threshold: 3,
        checks: [{ kind: 'success-rate', name: 'request-success-rate', min: 99, noData: 'hold', ...judged }],
        telemetry: 'auto',
        onFailure: 'hold',
        approval: 'none',
        progressDeadline: 600_000,
        propagationDelay: 2000,
        rollback: 'fast',
        restart: 'canary',
      },
    });
  });

  it('does the same for a workload without annotations', () => {
    expect(
      parsePolicy({ forms: sourceForms, annotations: undefined, namespace: 'shop', find: () => undefined }).ok,
    ).toBe(true);
  });

  it('reads every annotation, in the form of its example', () => {
    const examples = Object.entries(policyAnnotations).map(([key, { example }]) => [key, example] as const);
    const weights = new Set(['step-weight', 'max-weight']);
    const own = Object.fromEntries(examples.filter(([key]) => !weights.has(key)));
    expect(read(own).spec).toEqual({
      strategy: 'canary',
      provider: 'istio',
      service: 'web',
      weights: [5, 25, 50],
      interval: '30s',
      threshold: 3,
      successRate: 99,
      latencyP99: '500ms',
      minRequests: 20,
      telemetry: 'istio',
      noData: 'hold',
      onFailure: 'revert',
      approval: 'required',
      progressDeadline: '10m',
      rollback: 'fast',
      restart: 'canary',
      historyLimit: 10,
    });
    expect(read({ 'step-weight': '10', 'max-weight': '50' }).spec).toEqual({ stepWeight: 10, maxWeight: 50 });
  });

  it('forgives white space around a value and between weights', () => {
    expect(read({ steps: ' 5, 25 ,50\n', provider: ' istio ' }).spec).toEqual({
      weights: [5, 25, 50],
      provider: 'istio',
    });
  });

  it('takes a number without a unit for seconds, where a policy does', () => {
    expect(read({ interval: '30', 'progress-deadline': '600' })).toMatchObject({
      spec: { interval: 30, progressDeadline: 600 },
      policy: { interval: 30_000, progressDeadline: 600_000 },
    });
    expect(problems({ 'latency-p99': '500' })).toEqual([expect.stringContaining('must be a whole number with unit')]);
  });

  test.each<[string, Labels, PolicySpec, string | undefined]>([
    ['the named policy', { policy: 'careful' }, named['careful']!.spec, 'CanaryPolicy/careful'],
    ['a cluster policy', { policy: 'even' }, { stepWeight: 10, maxWeight: 30 }, 'ClusterCanaryPolicy/even'],
    [
      'an annotation over the field of the policy',
      { policy: 'careful', interval: '30s' },
      { weights: [2, 10], interval: '30s', approval: 'required', successRate: 99.9 },
      'CanaryPolicy/careful',
    ],
    [
      'steps in place of stepWeight and maxWeight',
      { policy: 'even', steps: '5,50' },
      { weights: [5, 50] },
      'ClusterCanaryPolicy/even',
    ],
    [
      'stepWeight in place of steps',
      { policy: 'careful', 'step-weight': '20' },
      { stepWeight: 20, interval: '5m', approval: 'required', successRate: 99.9 },
      'CanaryPolicy/careful',
    ],
    [
      'maxWeight beside the stepWeight of the policy',
      { policy: 'even', 'max-weight': '25' },
      { stepWeight: 10, maxWeight: 25 },
      'ClusterCanaryPolicy/even',
    ],
  ])('takes %s', (_, own, spec, name) => {
    const parsed = read(own);
    expect({ spec: parsed.spec, name: parsed.name }).toEqual({ spec, name });
  });

  test.each<[Labels, readonly string[]]>([
    ...['enable', 'true', 'on', 'Yes', '1', 'enabeld'].map((canary): [Labels, readonly string[]] => [
      { canary },
      [`sluice.dev/canary "${canary}": must be enabled or disabled. Did you mean "enabled"?`],
    ]),
    ...['disable', 'false', 'off', 'NO', 'none', '0', 'disbaled'].map((canary): [Labels, readonly string[]] => [
      { canary },
      [`sluice.dev/canary "${canary}": must be enabled or disabled. Did you mean "disabled"?`],
    ]),
    ...['maybe', 'toString', ''].map((canary): [Labels, readonly string[]] => [
      { canary },
      [`sluice.dev/canary "${canary}": must be enabled or disabled. Write enabled to opt in, disabled to opt out.`],
    ]),
    [
      { interval: '1ms', 'progress-deadline': '1000h' },
      [
        'sluice.dev/interval "1ms": must be a whole number of seconds, or a whole number with unit ms, s, m or h, such as 30s, from 1s to 168h. Raise it to at least 1s.',
        'sluice.dev/progress-deadline "1000h": must be a whole number of seconds, or a whole number with unit ms, s, m or h, such as 30s, from 1s to 24h. Lower it to at most 24h.',
      ],
    ],
    [{ canary: 'disable' }, ['sluice.dev/canary "disable": must be enabled or disabled. Did you mean "disabled"?']],
    [{ stepz: '5' }, ['sluice.dev/stepz "5": is not an annotation Sluice knows. Did you mean sluice.dev/steps?']],
    [
      { request: '{}' },
      ['sluice.dev/request "{}": is not an annotation Sluice knows. It belongs on the Release, not on the workload.'],
    ],
    [
      { 'request.a1': '{}' },
      [
        'sluice.dev/request.a1 "{}": is not an annotation Sluice knows. It belongs on the Release, not on the workload.',
      ],
    ],
    [
      { steps: '5,x,120' },
      [
        'sluice.dev/steps "x": must be a whole number from 1 to 100. Write sluice.dev/steps: "5,25,50", for example.',
        'sluice.dev/steps "120": must be a whole number from 1 to 100. Lower it to at most 100.',
      ],
    ],
    [
      { steps: '5,' },
      ['sluice.dev/steps "": must be a whole number from 1 to 100. Write sluice.dev/steps: "5,25,50", for example.'],
    ],
    [
      { steps: '50,5' },
      ['sluice.dev/steps "50,5": must rise from one to the next. Write sluice.dev/steps: "5,25,50", for example.'],
    ],
    [
      { steps: '5,50', 'step-weight': '5' },
      [
        'sluice.dev/steps "5,50": must not be set together with stepWeight or maxWeight. Keep weights, or stepWeight with maxWeight, not both.',
      ],
    ],
    [
      { policy: 'even', 'max-weight': '5' },
      [
        'sluice.dev/max-weight "5": must not be greater than maxWeight (50 unless set). Lower stepWeight or raise maxWeight.',
      ],
    ],
    [
      { policy: 'careful', 'max-weight': '5' },
      [
        'sluice.dev/max-weight "5": must have stepWeight beside it. Set stepWeight to the percent added at every step, or write a list of weights.',
      ],
    ],
    [
      { threshold: '1e3' },
      [
        'sluice.dev/threshold "1e3": must be a whole number from 1 to 1000. Write sluice.dev/threshold: "3", for example.',
      ],
    ],
    [
      { 'min-requests': 'many' },
      [
        'sluice.dev/min-requests "many": must be a whole number from 0 to 1000000. Write sluice.dev/min-requests: "20", for example.',
      ],
    ],
    [
      { 'success-rate': '99%' },
      [
        'sluice.dev/success-rate "99%": must be a number from 0 to 100. Write sluice.dev/success-rate: "99", for example.',
      ],
    ],
    [
      { policy: 'carefull' },
      [
        'sluice.dev/policy "carefull": names no CanaryPolicy in the namespace shop and no ClusterCanaryPolicy. Did you mean "careful"?',
      ],
    ],
    [
      { policy: 'nightly' },
      [
        'sluice.dev/policy "nightly": names no CanaryPolicy in the namespace shop and no ClusterCanaryPolicy. Create it, or name one of careful, even, stale.',
      ],
    ],
    [{ policy: '' }, ['sluice.dev/policy "": must name a policy. Write sluice.dev/policy: "careful", for example.']],
    [
      { skip: ' ' },
      [
        'sluice.dev/skip "": must give the reason, which is recorded. Write sluice.dev/skip: "INC-42 hotfix", for example.',
      ],
    ],
    [
      { policy: 'stale' },
      ['CanaryPolicy/stale spec.checks[0].min "2": must not be greater than max. Lower min or raise max.'],
    ],
  ])('answers %j with what is wrong and what to do', (own, expected) => {
    expect(problems(own)).toEqual(expected);
  });

  it('answers everything at once', () => {
    const own = { canary: 'on', stepz: '5', steps: '0', interval: 'soon', policy: 'nightly', provider: 'istoi' };
    expect(problems(own)).toHaveLength(6);
  });

  it('does not take the marks it keeps on a workload for mistakes', () => {
    const own = Object.fromEntries(Object.values(marks).map((key) => [key, 'x']));
    expect(parsePolicy({ forms: sourceForms, annotations: own, namespace: 'shop', find: () => undefined }).ok).toBe(
      true,
    );
  });

  it('leaves the annotations of others alone', () => {
    const annotations = { 'other.dev/steps': 'x', 'api.sluice.dev/steps': 'x', 'sluice.development/steps': 'x' };
    expect(parsePolicy({ forms: sourceForms, annotations, namespace: 'shop', find: () => undefined }).ok).toBe(true);
  });

  it('answers a hostile set of annotations in short sentences', () => {
    const own = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, 'x'.repeat(40)]));
    const [first, ...rest] = problems({ ...own, steps: '1,'.repeat(100_000), ['s'.repeat(100_000)]: 'x' });
    expect(rest).toHaveLength(5001);
    expect(Math.max(...[first ?? '', ...rest].map((line) => line.length))).toBeLessThan(600);
  });
});

describe('the resolved policy', () => {
  test.each<[PolicySpec, readonly number[]]>([
    [{}, [1, 5, 20, 50]],
    [{ weights: [5, 100] }, [5, 100]],
    [{ stepWeight: 20 }, [20, 40, 50]],
    [{ stepWeight: 10, maxWeight: 30 }, [10, 20, 30]],
    [{ stepWeight: 15, maxWeight: 50 }, [15, 30, 45, 50]],
    [{ stepWeight: 7, maxWeight: 7 }, [7]],
  ])('%j means the weights %j', (spec, weights) => {
    expect(weightsOf(resolvePolicy(spec))).toEqual(weights);
  });

  test.each<[string, PolicySpec, unknown]>([
    ['none', {}, [{ kind: 'success-rate', name: 'request-success-rate', min: 99, noData: 'hold', ...judged }]],
    [
      'latencyP99',
      { latencyP99: '1s', successRate: 95, noData: 'fail' },
      [
        { kind: 'success-rate', name: 'request-success-rate', min: 95, noData: 'fail', ...judged },
        { kind: 'duration', name: 'request-duration', quantile: 0.99, max: 1000, noData: 'fail', ...judged },
      ],
    ],
    [
      'a check that replaces a built-in one',
      { latencyP99: '1s', checks: [{ name: 'request-duration', quantile: 0.5, max: 200, noData: 'pass' }] },
      [
        { kind: 'success-rate', name: 'request-success-rate', min: 99, noData: 'hold', ...judged },
        { kind: 'duration', name: 'request-duration', quantile: 0.5, max: 200, noData: 'pass', ...judged },
      ],
    ],
    [
      'checks of its own',
      {
        checks: [
          { name: 'errors', query: 'up', max: 1 },
          { name: 'request-success-rate', min: 90 },
        ],
      },
      [
        { kind: 'query', name: 'errors', query: 'up', max: 1, noData: 'hold', judge: 'threshold' },
        { kind: 'success-rate', name: 'request-success-rate', min: 90, noData: 'hold', ...judged },
      ],
    ],
  ])('has the checks for %s', (_, spec, checks) => {
    expect(resolvePolicy(spec).checks).toEqual(checks);
  });

  test.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['999999h', 3_599_996_400_000],
  ])('the interval %s is %i milliseconds', (interval, expected) => {
    expect(resolvePolicy({ interval }).interval).toBe(expected);
  });

  it('is not made from a spec that never passed the schema', () => {
    expect(() => resolvePolicy({ interval: 'soon' })).toThrow(RangeError);
    expect(() => resolvePolicy({ weights: [200] })).toThrow(RangeError);
  });
});

describe('parsePolicySpec', () => {
  it('finds a query that cannot be asked', () => {
    const spec = { checks: [{ name: 'errors', query: 'sum(rate(errors{ns="{{namspace}}"}[1m])', max: 1 }] };
    const parsed = parsePolicySpec(spec, { forms: sourceForms });
    expect(parsed.ok).toBe(false);
    expect(parsed.ok ? [] : parsed.problems.map(({ field }) => field)).toContain('spec.checks[0].query');
  });

  const addresses = ['http://prometheus.monitoring:9090', 'https://*.example.com'].map((text) => {
    const entry = readAllowedAddress(text);
    if (entry === undefined) throw new Error(text);
    return entry;
  });

  it.each<[string, readonly AllowedAddress[] | undefined, readonly string[]]>([
    ['http://prometheus.monitoring:9090', addresses, []],
    ['https://shop.example.com/prometheus', addresses, []],
    ['http://127.0.0.1:2379', undefined, []],
    [
      'http://127.0.0.1:2379',
      addresses,
      [
        'spec.prometheus "http://127.0.0.1:2379": is a loopback address, which a policy may not name unless it is allowed exactly as written. Use the address of a Service, such as http://prometheus.monitoring:9090.',
      ],
    ],
    [
      'http://secrets.internal',
      addresses,
      [
        'spec.prometheus "http://secrets.internal": must be an address that the operator of Sluice allows: http://prometheus.monitoring:9090 and https://*.example.com. Leave it out, or ask the operator of Sluice to add it to --allowed-addresses (allowedAddresses of the chart).',
      ],
    ],
    [
      'http://secrets.internal',
      [],
      [
        'spec.prometheus "http://secrets.internal": must not be set: the operator of Sluice allows no address. Leave it out, or ask the operator of Sluice to add it to --allowed-addresses (allowedAddresses of the chart).',
      ],
    ],
    [
      'http://[1:2]',
      addresses,
      ['spec.prometheus "http://[1:2]": is not an HTTP address. Write http://prometheus.monitoring:9090, for example.'],
    ],
  ])('holds the address %s against the list of those that policies may name', (prometheus, list, expected) => {
    const parsed = parsePolicySpec(
      { prometheus },
      { forms: sourceForms, ...(list === undefined ? {} : { addresses: list }) },
    );
    expect(parsed.ok ? [] : parsed.problems.map(sentence)).toEqual(expected);
  });

  it('of a policy in use, the address is told where it stands', () => {
    const parsed = parsePolicy({
      annotations: { 'sluice.dev/policy': 'own' },
      namespace: 'shop',
      forms: sourceForms,
      find: () => ({ kind: 'CanaryPolicy', spec: { prometheus: 'http://10.0.0.1' } }),
      addresses,
    });
    expect(parsed.ok ? [] : parsed.problems.map(({ field }) => field)).toEqual(['CanaryPolicy/own spec.prometheus']);
  });

  it.each<[string, string, readonly string[]]>([
    ['letters', 'x', []],
    [
      'quotation marks, which JSON writes in two bytes each',
      '"',
      [
        'spec.checks "32 checks": must fit into a plan of 256 kB, which every Release records, and make 260 kB. Shorten the queries, or leave checks out.',
      ],
    ],
  ])('holds 32 queries of 4096 %s against what a Release can record', (_, letter, expected) => {
    // In a comment, so that any letter may stand there.
    const query = `up # ${letter.repeat(4091)}`;
    const checks = Array.from({ length: 32 }, (_check, i) => ({ name: `check-${i}`, query, min: 1 }));
    const parsed = parsePolicySpec({ checks }, { forms: sourceForms });
    expect(parsed.ok ? [] : parsed.problems.map(sentence)).toEqual(expected);
  });

  it('reads a null as a field that is not set', () => {
    const parsed = parsePolicySpec(
      { interval: null, checks: [{ name: 'errors', query: 'up', min: 1, max: null }] },
      { forms: sourceForms },
    );
    expect(parsed).toMatchObject({ ok: true, spec: { checks: [{ name: 'errors', query: 'up', min: 1 }] } });
    expect(parsed.ok && 'interval' in parsed.spec).toBe(false);
    expect(parsed.ok && parsed.policy.interval).toBe(60_000);
  });

  test.each([undefined, null, 'x', 3, []])('answers %j as a problem', (spec) => {
    expect(parsePolicySpec(spec, { forms: sourceForms }).ok).toBe(false);
  });
});

const someText = fc.oneof(
  fc.string(),
  fc.integer().map(String),
  fc.array(fc.integer({ min: -5, max: 120 }), { maxLength: 6 }).map((items) => items.join(',')),
  fc.constantFrom('istio', 'auto', '30s', '1h', 'required', 'hold', 'careful', 'even', 'stale', '99.5'),
);
const someAnnotations = fc.dictionary(
  fc.oneof(fc.constantFrom('canary', 'policy', 'skip', ...Object.keys(policyAnnotations)), fc.string()),
  someText,
  { maxKeys: 6 },
);
const rising = fc
  .uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 })
  .map((w) => w.sort((a, b) => a - b));

describe('a policy that applies without being named in an annotation', () => {
  const selecting: readonly SelectingPolicy[] = [
    { kind: 'ClusterCanaryPolicy', name: 'even', createdAt: '', selector: {}, namespaceSelector: {} },
  ];
  const parseAt = (input: Partial<PolicyInput>): ParsedPolicy =>
    parsePolicy({
      forms: sourceForms,
      annotations: undefined,
      namespace: 'shop',
      find: (name) => (Object.hasOwn(named, name) ? named[name] : undefined),
      ...input,
    });
  const label = { 'sluice.dev/policy': 'careful' };

  test.each<[string, Partial<PolicyInput>, string | undefined]>([
    ['one that selects the workload', { selecting }, 'ClusterCanaryPolicy/even'],
    ['one in a label', { labels: label, selecting }, 'CanaryPolicy/careful'],
    ['one of the namespace', { annotations: optIn, namespaceLabels: label, selecting }, 'CanaryPolicy/careful'],
    ['none', { annotations: optIn }, undefined],
    ['none for a workload that is opted out', { labels: { 'sluice.dev/canary': 'disabled' }, selecting }, undefined],
  ])('%s', (_case, input, name) => {
    const parsed = parseAt(input);
    expect([parsed.ok, parsed.ok && parsed.name]).toEqual([true, name]);
  });

  it('is found by its kind, and its selectors are no part of what a Release records', () => {
    const spec = { weights: [7], selector: {}, namespaceSelector: {} };
    const found: FoundPolicy = { kind: 'ClusterCanaryPolicy', spec };
    const asked: unknown[] = [];
    const parsed = parseAt({ selecting, find: (...given) => (asked.push(given), found) });
    expect(asked).toEqual([['even', 'ClusterCanaryPolicy']]);
    expect(parsed.ok && parsed.spec).toEqual({ weights: [7] });
  });

  test.each<[Partial<PolicyInput>, string]>([
    [
      { labels: { 'sluice.dev/policy': 'carefull' }, names: () => ['careful'] },
      'label sluice.dev/policy "carefull": names no CanaryPolicy in the namespace shop and no ClusterCanaryPolicy. Did you mean "careful"?',
    ],
    [
      { annotations: optIn, namespaceLabels: { 'sluice.dev/policy': 'gone' } },
      'label sluice.dev/policy of the namespace "gone": names no CanaryPolicy in the namespace shop and no ClusterCanaryPolicy. Create it.',
    ],
    [
      { labels: { 'sluice.dev/canary': 'enable' } },
      'label sluice.dev/canary "enable": must be enabled or disabled. Did you mean "enabled"?',
    ],
    [
      { labels: { 'sluice.dev/canray': 'enabled' } },
      'label sluice.dev/canray "enabled": is not a label Sluice knows. Did you mean sluice.dev/canary?',
    ],
    [
      { labels: { 'sluice.dev/team': 'web' } },
      'label sluice.dev/team "web": is not a label Sluice knows. The labels are sluice.dev/canary and sluice.dev/policy.',
    ],
    [
      { labels: { 'sluice.dev/steps': '5' } },
      'label sluice.dev/steps "5": is an annotation, not a label. Write it under annotations.',
    ],
    [
      { labels: { 'sluice.dev/release': 'web-1' } },
      'label sluice.dev/release "web-1": is a label that only Sluice sets, on what it makes. Remove it.',
    ],
    [
      { labels: { 'sluice.dev/policy': '' } },
      'label sluice.dev/policy "": must name a policy. Write sluice.dev/policy: "careful", for example.',
    ],
  ])('%j is answered with a sentence that helps', (input, expected) => {
    const parsed = parseAt(input);
    expect(parsed.ok ? [] : parsed.problems.map(sentence)).toEqual([expected]);
  });

  it('labels of others are left alone', () => {
    expect(parseAt({ labels: { app: 'web', 'sluice.devil/canary': 'x' } }).ok).toBe(true);
  });
});

describe('whatever is written', () => {
  it('a policy that is read has rising weights from 1 to 100, checks with a bound, and is written back unchanged', () => {
    fc.assert(
      fc.property(someAnnotations, (own) => {
        const parsed = parse(own);
        if (!parsed.ok) {
          expect(parsed.problems.length).toBeGreaterThan(0);
          return;
        }
        const { policy, spec } = parsed;
        const weights = weightsOf(policy);
        expect(weights.every((w, i) => w >= 1 && w <= 100 && w > (weights[i - 1] ?? 0))).toBe(true);
        expect(policy.checks.every((c) => c.min !== undefined || c.max !== undefined)).toBe(true);
        expect(parsePolicySpec(JSON.parse(JSON.stringify(spec)) as Json, { forms: sourceForms })).toEqual({
          ok: true,
          policy,
          spec,
        });
        expect(resolvePolicy(spec)).toEqual(policy);
      }),
      { numRuns: 500 },
    );
  });

  it('good values are read, and mean the same as the same fields of a policy', () => {
    const values = fc.record(
      {
        weights: rising,
        interval: fc
          .oneof(
            fc.tuple(fc.integer({ min: 1000, max: 999_999 }), fc.constant('ms')),
            fc.tuple(fc.integer({ min: 1, max: 604_800 }), fc.constant('s')),
            fc.tuple(fc.integer({ min: 1, max: 168 }), fc.constantFrom('m', 'h')),
          )
          .map((d) => d.join('')),
        threshold: fc.integer({ min: 1, max: 1000 }),
        provider: fc.constantFrom('auto', 'istio', 'linkerd', 'smi', 'kubernetes'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(values, ({ weights, ...rest }) => {
        const spec = weights === undefined ? rest : { ...rest, weights };
        const own = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, String(value)]));
        const parsed = read(weights === undefined ? own : { ...own, steps: String(weights) });
        expect(parsed.spec).toEqual(spec);
        expect(parsed.policy).toEqual(resolvePolicy(spec));
      }),
    );
  });
});
