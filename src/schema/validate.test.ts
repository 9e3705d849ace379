import { describe, expect, it, test } from '@jest/globals';
import { Type } from 'typebox';
import { policySpecs } from '../../test/fixtures/policy-specs.ts';
import { sentence } from '../values/problem.ts';
import { definitions } from '../manifests/crds.ts';
import { keywords, nodeOf, valuesOf, type SchemaNode } from './node.ts';
import { patternOf } from './patterns.ts';
import { ReleaseSpecSchema } from './release.ts';
import { CanaryPolicySpecSchema, ClusterCanaryPolicySpecSchema } from './selecting-policy.ts';
import { asWritten, validate } from './validate.ts';

const sentences = (spec: unknown): readonly string[] => validate(CanaryPolicySpecSchema, spec, 'spec').map(sentence);

describe('validate', () => {
  it.each(policySpecs)('$name', ({ spec, wrong }) => {
    const fields = validate(CanaryPolicySpecSchema, spec, 'spec').map((problem) => problem.field);
    expect([...fields].sort()).toEqual([...wrong].sort());
  });

  test.each([
    [{ weights: [5, 120] }, 'spec.weights[1] "120": must be a whole number from 1 to 100. Lower it to at most 100.'],
    [{ weights: [0] }, 'spec.weights[0] "0": must be a whole number from 1 to 100. Raise it to at least 1.'],
    [{ weights: [] }, 'spec.weights "[]": must be a list of 1 to 100 items. Write a list of 1 to 100 items.'],
    [
      { interval: '30' },
      'spec.interval "30": must be a whole number of seconds, or a whole number with unit ms, s, m or h, such as 30s, from 1s to 168h. Write 30s, for example.',
    ],
    [
      { interval: 604_801 },
      'spec.interval "604801": must be a whole number of seconds, or a whole number with unit ms, s, m or h, such as 30s, from 1s to 168h. Lower it to at most 168h.',
    ],
    [
      { steps: [5] },
      /^spec.steps\[0\] "5": must be an object .* Write {setWeight: 5} as a step, or a plain list of percentages as weights.$/,
    ],
    [{ stepz: [5] }, 'spec.stepz "[5]": is not a field that is known here. Did you mean steps?'],
    [
      { interval: '1ms' },
      'spec.interval "1ms": must be a whole number of seconds, or a whole number with unit ms, s, m or h, such as 30s, from 1s to 168h. Raise it to at least 1s.',
    ],
    [
      { progressDeadline: '25h' },
      'spec.progressDeadline "25h": must be a whole number of seconds, or a whole number with unit ms, s, m or h, such as 30s, from 1s to 24h. Lower it to at most 24h.',
    ],
    [
      { prometheus: 'http://h:99999' },
      'spec.prometheus "http://h:99999": must be an address that begins with http:// or https://, with a host and at most a port and a path, without user and password, of at most 2048 characters. Write http://prometheus.monitoring:9090, for example.',
    ],
    [
      { checks: [{ name: 'request-success-rate', min: 101 }] },
      'spec.checks[0].min "101": must be from 0 to 100 for request-success-rate, which is in percent. Write min: 99, for example.',
    ],
    [
      { provider: 'istoi' },
      'spec.provider "istoi": must be one of auto, istio, linkerd, smi, kubernetes. Did you mean "istio"?',
    ],
    [
      { provider: 'xyz' },
      'spec.provider "xyz": must be one of auto, istio, linkerd, smi, kubernetes. Write auto, for example.',
    ],
    [{ stepWieght: 5 }, 'spec.stepWieght "5": is not a field that is known here. Did you mean stepWeight?'],
    [
      { checks: [{ name: 'a', query: 'up', min: 1, limit: 3 }] },
      'spec.checks[0].limit "3": is not a field that is known here. The fields here are name, query, min, max, quantile, noData, judge.',
    ],
    [
      { checks: [{ name: 'request-duration', max: 1, quantile: 1 }] },
      'spec.checks[0].quantile "1": must be a number greater than 0 and less than 1. Write a number greater than 0 and less than 1.',
    ],
    [
      { weights: [5, 3] },
      'spec.weights "[5,3]": must rise from one to the next. Write rising weights, such as 5, 25, 50.',
    ],
    ['careful', /^spec "careful": must be an object with the fields provider, service, /],
  ])('%j is answered with a sentence that helps', (spec, expected) => {
    const [first] = sentences(spec);
    if (typeof expected === 'string') expect(first).toBe(expected);
    else expect(first).toMatch(expected);
  });

  it.each([
    ...['http://h:abc', 'http://[::1', 'http://h:99999', 'ftp://h', 'http://'].map((prometheus) => ({ prometheus })),
    ...['1ms', '0s', '0', '999ms', '169h', '-5s'].map((interval) => ({ interval })),
    { checks: [{ name: 'request-success-rate', min: 101 }] },
    { checks: [{ name: 'request-success-rate', min: -1 }] },
    { threshold: 0 },
  ])('C4: what can never work is refused: %j', (spec) => expect(sentences(spec)).toHaveLength(1));

  it('answers every problem at once, in the order of the schema', () => {
    const spec = { interval: '30', weights: [0, 200], provider: 'istoi', stepWieght: 1, checks: [{}] };
    expect(validate(CanaryPolicySpecSchema, spec, 'spec').map((p) => p.field)).toEqual([
      'spec.stepWieght',
      'spec.provider',
      'spec.weights[0]',
      'spec.weights[1]',
      'spec.interval',
      'spec.checks[0].name',
    ]);
  });

  it('looks at rules between fields only where the fields themselves are well formed', () => {
    expect(validate(CanaryPolicySpecSchema, { weights: [9, 3], checks: [{ name: 'A', max: 1 }] }, 'spec')).toHaveLength(
      1,
    );
  });

  it('reads fields that are there and nothing that objects inherit', () => {
    expect(validate(Type.Object({ toString: Type.Optional(Type.String()) }), {}, 'spec')).toEqual([]);
    expect(sentences(JSON.parse('{"__proto__":{"interval":"30s"}}'))).toHaveLength(1);
  });

  it('looks at rules about a change only where there is a value before it', () => {
    const spec = {
      workload: { kind: 'Deployment', name: 'web', uid: 'u' },
      templateHash: 'b',
      stableHash: 'a',
      policy: {},
    };
    expect(validate(ReleaseSpecSchema, spec, 'spec')).toEqual([]);
    expect(validate(ReleaseSpecSchema, spec, 'spec', JSON.parse(JSON.stringify(spec)))).toEqual([]);
    const changed = validate(ReleaseSpecSchema, spec, 'spec', { ...spec, templateHash: 'c' });
    expect(changed.map((p) => `${p.field} ${p.rule}`)).toEqual([
      'spec must not change: a Release records what was asked',
    ]);
  });

  it('survives what JSON can hold', () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(validate(CanaryPolicySpecSchema, { interval: deep }, 'spec')).toHaveLength(1);
    expect(asWritten('x'.repeat(1_000_000))).toHaveLength(101);
    expect(asWritten({ at: 'http://me:s3cret@prometheus:9090/x@y' })).toBe('{"at":"http://…@prometheus:9090/x@y"}');
  });
});

describe('what the API server cannot say of a map', () => {
  const selector = (labels: unknown): readonly string[] =>
    validate(ClusterCanaryPolicySpecSchema, { namespaceSelector: { matchLabels: labels } }, 'spec').map(sentence);
  const long = 'a'.repeat(254);

  test.each([
    [{ 'a b': 'c' }, 'spec.namespaceSelector.matchLabels.a b "a b": must be the key of a label, such as app'],
    [{ '': 'c' }, 'must be the key of a label'],
    [{ 'a/b/c': 'd' }, 'must be the key of a label'],
    [{ [`${long}/a`]: 'b' }, 'must be the key of a label'],
    [Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v'])), 'must be an object of at most 32 keys'],
    [[], 'must be an object of at most 32 keys, each the value of a label'],
  ])('%j', (labels, expected) => expect(selector(labels)).toEqual([expect.stringContaining(expected)]));

  it('hostile keys and values are looked at in no time', () => {
    expect(selector({ [`${'a'.repeat(3_000_000)}!`]: 'b', c: `${'a'.repeat(3_000_000)}!` })).toHaveLength(2);
    expect(selector(JSON.parse('{"__proto__":"x","constructor":"y"}'))).toEqual([
      expect.stringContaining('matchLabels.__proto__'),
    ]);
  });
});

describe('the schemas', () => {
  const nodes = (node: SchemaNode, at: string): readonly (readonly [string, SchemaNode])[] => [
    [at, node],
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => nodes(child, `${at}.${name}`)),
    ...(node.items === undefined ? [] : nodes(node.items, `${at}[]`)),
    ...[valuesOf(node), node.propertyNames].flatMap((child) => (child === undefined ? [] : nodes(child, `${at}.*`))),
  ];
  const all = definitions.flatMap(({ kind, spec, status }) => [
    ...nodes(nodeOf(spec), `${kind}.spec`),
    ...(status === undefined ? [] : nodes(nodeOf(status), `${kind}.status`)),
  ]);

  it('use no keyword that the validator does not know', () => {
    expect(all.length).toBeGreaterThan(100);
    const unknown = all.flatMap(([at, node]) => Object.keys(node).map((keyword) => `${at}: ${keyword}`));
    expect(unknown.filter((line) => !keywords.has(line.slice(line.indexOf(': ') + 2)))).toEqual([]);
  });

  it('explain every pattern in words, with an example that matches', () => {
    const patterns = all.flatMap(([at, { pattern }]) => (pattern === undefined ? [] : [{ at, pattern }]));
    expect(patterns.length).toBeGreaterThan(5);
    const unexplained = patterns.filter(({ pattern }) => !new RegExp(pattern).test(patternOf(pattern)?.example ?? ''));
    expect(unexplained).toEqual([]);
  });

  it('have defaults that they allow', () => {
    const defaults = all.filter(([, node]) => node.default !== undefined);
    expect(defaults.length).toBeGreaterThan(10);
    const refused = defaults.filter(([, node]) => validate(Type.Unsafe(node), node.default, 'default').length > 0);
    expect(refused.map(([at]) => at)).toEqual([]);
  });

  it('describe every field of a policy', () => {
    const silent = nodes(nodeOf(CanaryPolicySpecSchema), 'spec').filter(
      ([at, n]) => at !== 'spec' && n.description === undefined,
    );
    const described = silent.map(([at]) => at).filter((at) => !at.endsWith('.*'));
    expect(described).toEqual([
      'spec.weights[]',
      'spec.checks[]',
      'spec.selector.matchExpressions[]',
      'spec.selector.matchExpressions[].values[]',
    ]);
  });
});
