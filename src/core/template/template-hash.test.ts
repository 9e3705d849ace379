import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json, PodTemplate } from '../../values/kube-object.ts';
import { canonicalJson } from './canonical-json.ts';
import { templateHash } from './template-hash.ts';

const base: PodTemplate = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: 'web:1', env: [{ name: 'A', value: '1' }], resources: {} }] },
};
const container = (fields: { readonly [key: string]: Json }): PodTemplate => ({
  ...base,
  spec: { containers: [{ name: 'app', image: 'web:1', env: [{ name: 'A', value: '1' }], ...fields }] },
});

describe('templates that Kubernetes holds to be equal hash alike', () => {
  it.each<[string, PodTemplate]>([
    ['keys in another order', { spec: base.spec!, metadata: base.metadata! }],
    [
      'creationTimestamp null, as older API servers write it',
      { ...base, metadata: { ...base.metadata, creationTimestamp: null } },
    ],
    ['an empty annotation map', { ...base, metadata: { ...base.metadata, annotations: {} } }],
    [
      'the label the Deployment controller adds',
      { ...base, metadata: { labels: { app: 'web', 'pod-template-hash': '5d4f' } } },
    ],
    ['an empty list', container({ volumeMounts: [], resources: {} })],
    ['resources left out', container({})],
    ['empty maps inside resources', container({ resources: { limits: {}, requests: {} } })],
  ])('%s', (_case, other) => expect(templateHash(other)).toBe(templateHash(base)));
});

describe('templates that differ hash differently', () => {
  it.each<[string, PodTemplate]>([
    ['another image', container({ image: 'web:2' })],
    ['an environment variable less', container({ env: [] })],
    ['a limit', container({ resources: { limits: { cpu: '1' } } })],
    ['a label', { ...base, metadata: { labels: { app: 'web', tier: 'front' } } }],
    ['an annotation', { ...base, metadata: { ...base.metadata, annotations: { a: 'b' } } }],
    [
      'an empty struct that means something',
      { ...base, spec: { ...base.spec, volumes: [{ name: 'v', emptyDir: {} }] } },
    ],
    ['that struct and its absence', { ...base, spec: { ...base.spec, volumes: [{ name: 'v' }] } }],
    ['the text of a number', container({ ports: [{ containerPort: '80' }] })],
    ['the number', container({ ports: [{ containerPort: 80 }] })],
  ])('%s', (_case, other) => expect(templateHash(other)).not.toBe(templateHash(base)));

  it('among each other too', () => {
    const volumes = [[{ name: 'v', emptyDir: {} }], [{ name: 'v' }], []].map((list) =>
      templateHash({ ...base, spec: { ...base.spec, volumes: list } }),
    );
    expect(new Set(volumes).size).toBe(3);
  });
});

describe('the hash', () => {
  it('of a template too large to be remembered is the same every time', () => {
    const large = (last: string): PodTemplate =>
      container({ args: Array.from({ length: 20_000 }, (_, i) => (i === 0 ? last : `${i}`)) });
    const [a, b] = [large('a'), large('b')];
    expect([templateHash(a), templateHash(b)]).toEqual([templateHash(large('a')), templateHash(large('b'))]);
    expect(templateHash(a)).not.toBe(templateHash(b));
    expect(templateHash(a)).toBe(templateHash(a));
  });

  it('is that of the template at hand, however alike the one before it looked', () => {
    const [a, b] = [container({ env: [{ name: 'A', value: '1' }] }), container({ env: [{ name: 'A', value: '2' }] })];
    const [first, other] = [templateHash(a), templateHash(b)];
    expect(other).not.toBe(first);
    expect([a, b, a, a, b].map(templateHash)).toEqual([first, other, first, first, other]);
  });

  it('is 16 hex digits', () => expect(templateHash(base)).toMatch(/^[0-9a-f]{16}$/));

  it('is known, since it is stored in clusters: changing it would orphan every running release', () =>
    expect(templateHash(base)).toBe('daa844c596d3b9c4'));

  it('is made from a text that is known in every corner, for the same reason', () => {
    const rebuilt = (value: Json): Json => {
      if (value === null || typeof value !== 'object') return value;
      if (Array.isArray(value)) return (value as readonly Json[]).map(rebuilt);
      const kept = Object.entries(value)
        .map(([key, inner]) => [key, rebuilt(inner ?? null)] as const)
        .filter(([key, inner]) => key !== '__proto__' && !isNothing(key, inner))
        .sort(([a], [b]) => (a < b ? -1 : 1));
      return Object.fromEntries(kept);
    };
    const isNothing = (key: string, value: Json): boolean =>
      value === null ||
      (Array.isArray(value) && value.length === 0) ||
      (typeof value === 'object' && ['labels', 'limits'].includes(key) && Object.keys(value).length === 0);
    const keys = fc.constantFrom('a', 'b', '', '1', '10', '9', '-1', 'labels', 'limits', '__proto__', 'ä', 'Z');
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(null, 0, true, 'x', '"', [], {}),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(keys, tie('value')), { maxLength: 12 }).map((entries) => Object.fromEntries(entries)),
      ),
    }));
    fc.assert(
      fc.property(value, (some) => expect(canonicalJson(some)).toBe(JSON.stringify(rebuilt(some)))),
      { numRuns: 500 },
    );
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${(i * 37) % 100}`, i]));
    expect(canonicalJson(many)).toBe(JSON.stringify(rebuilt(many)));
  });

  it('does not depend on the order of keys at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value as Json))).toBe(canonicalJson(value));
      }),
    );
  });

  it('canonical text parses back to a value with the same canonical text', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
      }),
    );
  });
});

const reversed = (value: Json): Json => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner as Json)]),
  );
};
