import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alice, hashOf, optIn, sluice } from '../../../test/support/admission-input.ts';
import { aRequest, asObject, someRules } from '../../../test/support/an-admission-request.ts';
import { annotations as keys, marks } from '../../schema/annotations.ts';
import type { JsonObject, KubeObject } from '../../values/kube-object.ts';
import type { AdmissionRequest, Answer } from './admission-request.ts';
import { mutate } from './mutate.ts';
import { validate } from './validate.ts';

const now = Date.UTC(2026, 0, 2);
const ask = (request: AdmissionRequest): Answer => validate(request, someRules, now);
const policy = (spec: KubeObject['spec'], kind = 'CanaryPolicy'): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind,
  metadata: { name: 'careful' },
  ...(spec === undefined ? {} : { spec }),
});

describe('a Deployment is validated as it is decided', () => {
  const bad = { ...optIn, 'sluice.dev/steps': '120', 'sluice.dev/interval': 'soon' };

  it('so that a wrong annotation is denied with every problem as a sentence', () => {
    const { allowed, denial } = ask(
      aRequest({ old: asObject({ annotations: optIn }), object: asObject({ annotations: bad }) }),
    );
    expect(allowed).toBe(false);
    expect(denial).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(denial?.message.split('\n')).toEqual([
      '2 problems:',
      expect.stringMatching(/^1\. sluice\.dev\/(steps|interval) ".*": .*\. .*/),
      expect.stringMatching(/^2\. sluice\.dev\/(steps|interval) ".*": .*\. .*/),
    ]);
  });

  it('and by field, which is what kubectl shows', () => {
    const { denial } = ask(aRequest({ old: asObject({ annotations: optIn }), object: asObject({ annotations: bad }) }));
    expect(denial?.causes?.map(({ field, message }) => [field, message])).toEqual(
      expect.arrayContaining([
        ['sluice.dev/steps', expect.stringMatching(/^Invalid value: "120": must be .*\. .*/)],
        ['sluice.dev/interval', expect.stringMatching(/^Invalid value: "soon": must be .*\. .*/)],
      ]),
    );
  });

  it('and scaling passes whatever stands there', () => {
    const request = aRequest({
      old: asObject({ annotations: bad }),
      object: asObject({ annotations: bad, replicas: 30 }),
    });
    expect(ask(request)).toMatchObject({ case: 'validated', allowed: true, patch: [], warnings: [] });
  });

  it('and a write of its status cannot ask for a release, since no spec is stored with it', () => {
    const annotations = { ...optIn, [marks.admitted]: hashOf('web:1') };
    const change = { old: asObject({ annotations }), object: asObject({ image: 'web:2', annotations }) };
    expect(mutate(aRequest(change, { subResource: 'status' }), someRules, now)).toMatchObject({
      case: 'kept',
      patch: [],
    });
    expect(mutate(aRequest(change), someRules, now)).toMatchObject({ case: 'released' });
  });

  it('the mutating webhook denies the same with the same words', () => {
    const request = aRequest({ old: asObject({ annotations: optIn }), object: asObject({ annotations: bad }) });
    expect(mutate(request, someRules, now).denial).toEqual(ask(request).denial);
  });

  it.each<[string, unknown]>([
    ['no spec', undefined],
    ['a list for a spec', []],
    ['a template that is a text', { template: 'x' }],
    ['replicas that are a text', { template: {}, replicas: '3' }],
    ['a pause that is a text', { template: {}, paused: 'true' }],
  ])('and one that is none is refused: %s', (_case, spec) => {
    const object = { ...asObject({ annotations: optIn }), spec } as KubeObject;
    const request = aRequest({ old: asObject({ annotations: optIn }), object });
    expect(ask(request).denial).toMatchObject({ code: 400 });
    expect(mutate(request, someRules, now).denial).toMatchObject({ code: 400 });
  });

  it('never throws, whatever is inside the template', () => {
    const labelled = fc.jsonValue().map((any) => ({ labels: any, annotations: any }));
    const named = fc
      .jsonValue()
      .map((any) => ({ containers: [any, { name: 'app', env: any, image: any }], volumes: any }));
    const someMetadata = fc.oneof(fc.jsonValue(), labelled);
    const someSpec = fc.oneof(fc.jsonValue(), named);
    fc.assert(
      fc.property(someMetadata, someSpec, (metadata, spec) => {
        const object = {
          ...asObject({ annotations: optIn }),
          spec: { template: { metadata, spec }, selector: {} },
        } as KubeObject;
        const request = aRequest({ old: asObject({ annotations: optIn }), object });
        expect(typeof mutate(request, someRules, now).allowed).toBe('boolean');
        expect(typeof ask(request).allowed).toBe('boolean');
        const reverse = aRequest({ object: asObject({ annotations: optIn }), old: object });
        expect(typeof mutate(reverse, someRules, now).allowed).toBe('boolean');
      }),
    );
  });
});

describe('a policy is validated by the parser the controller uses', () => {
  it.each(['CanaryPolicy', 'ClusterCanaryPolicy'])('%s', (kind) => {
    expect(ask(aRequest({ object: policy({ steps: [5, 50] }, kind) })).allowed).toBe(true);
    const { allowed, denial } = ask(aRequest({ object: policy({ steps: [500], interval: 'soon' }, kind) }));
    expect(allowed).toBe(false);
    expect(denial?.message).toContain('spec.interval');
    expect(denial?.message).toContain('spec.steps');
  });

  it('but a wrong one that is stored already may still be labelled', () => {
    const stored = policy({ steps: [50, 5] });
    const labelled = { ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } };
    expect(ask(aRequest({ old: stored, object: labelled })).allowed).toBe(true);
    expect(ask(aRequest({ old: stored, object: policy({ steps: [50, 6] }) })).allowed).toBe(false);
  });

  it.each(['CanaryPolicy', 'ClusterCanaryPolicy'])('and refused before the API server looks at it: %s', (kind) => {
    const request = aRequest({ object: policy({ stepz: [5], interval: 'soon' }, kind) });
    const refused = mutate(request, someRules, now);
    expect(refused.denial).toEqual(ask(request).denial);
    expect(refused.denial?.message).toContain(
      'spec.stepz "[5]": is not a field that is known here. Did you mean steps?',
    );
    expect(mutate(aRequest({ object: policy({ steps: [5] }, kind) }), someRules, now)).toMatchObject({
      allowed: true,
      patch: [],
      warnings: [],
    });
  });

  it('a provider that cannot do what it asks, and one that is not there', () => {
    const features = new Set(['weight'] as const);
    const providers = {
      kubernetes: { can: { splits: 'replicas', features, granularity: 1 } },
      istio: { can: { splits: 'route', features, granularity: 1 }, missing: () => ['VirtualService'] },
    } as const;
    const answer = (spec: KubeObject['spec']): Answer =>
      validate(aRequest({ object: policy(spec) }), { ...someRules, providers }, now);
    expect(answer({ provider: 'kubernetes', steps: [100] }).denial?.message).toContain(
      'spec.steps[0] "100": must be below 100',
    );
    expect(answer({ provider: 'istio' })).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('provider istio works with VirtualService')],
    });
  });

  it('who changes or deletes one that is in use is told who uses it', () => {
    const web = { metadata: { name: 'web', namespace: 'shop', annotations: { 'sluice.dev/release': 'web-7' } } };
    const policyUse = {
      workloads: () => [web],
      governing: (_: unknown, without?: unknown) => (without === undefined ? 'CanaryPolicy/careful' : 'missing'),
    } as const;
    const told = (request: AdmissionRequest): Answer => validate(request, { ...someRules, policyUse }, now);
    const [before, after] = [policy({ steps: [5] }), policy({ steps: [10] })];
    expect(told(aRequest({ old: before, object: after })).warnings).toEqual([expect.stringContaining('web-7 of web')]);
    expect(told(aRequest({ old: before, object: before })).warnings).toEqual([]);
    expect(told(aRequest({ object: after })).warnings).toEqual([]);
    expect(told(aRequest({ old: before }))).toMatchObject({
      case: 'policy-deleted',
      allowed: true,
      warnings: [expect.stringContaining('1 workload (web)'), expect.stringContaining('web-7 of web')],
    });
    expect(ask(aRequest({ old: before }))).toMatchObject({ allowed: true, warnings: [] });
  });

  it('a policy of another group is none of ours', () => {
    const object = { ...policy({ steps: [50, 5] }), apiVersion: 'example.com/v1' };
    expect(ask(aRequest({ object })).allowed).toBe(true);
  });
});

describe('a request on a Release', () => {
  const release = (request?: string): KubeObject => ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Release',
    metadata: {
      name: 'web-5',
      namespace: 'shop',
      annotations: { other: 'x', ...(request === undefined ? {} : { 'sluice.dev/request': request }) },
    },
  });
  const write = (before: string | undefined, after: string | undefined, user = alice): AdmissionRequest =>
    aRequest({ old: release(before), object: release(after) }, { user });
  const sign = (request: AdmissionRequest): string | undefined => {
    const [op] = mutate(request, someRules, now).patch;
    return op?.op === 'replace' && op.path === '/metadata/annotations/sluice.dev~1request'
      ? (op.value as string)
      : undefined;
  };

  it('gets its author and its time, whatever the client says', () => {
    const text = JSON.stringify({
      id: '7',
      verb: 'promote',
      reason: 'looks good',
      by: 'the boss',
      at: 'yesterday',
      extra: 1,
    });
    const signed = sign(write(undefined, text));
    expect(JSON.parse(signed ?? '')).toEqual({
      id: '7',
      verb: 'promote',
      reason: 'looks good',
      by: alice,
      at: '2026-01-02T00:00:00.000Z',
    });
    expect(ask(write(undefined, signed)).allowed).toBe(true);
    expect(sign(write(undefined, signed))).toBeUndefined();
  });

  it('is not signed again by who writes something else', () => {
    const signed = sign(write(undefined, '{"id":"7","verb":"abort"}'));
    expect(mutate(write(signed, signed, 'bob'), someRules, now).patch).toEqual([]);
    expect(ask(write(signed, signed, 'bob')).allowed).toBe(true);
  });

  it('cannot be made in the name of somebody else', () => {
    const forged = '{"id":"7","verb":"promote","by":"bob"}';
    expect(ask(write(undefined, forged)).denial?.message).toContain(alice);
  });

  it('may be taken away', () => expect(ask(write('{"id":"7"}', undefined)).allowed).toBe(true));

  it('of Sluice itself passes untouched', () => {
    expect(mutate(write(undefined, 'x', sluice), someRules, now).patch).toEqual([]);
    expect(ask(write(undefined, 'x', sluice)).allowed).toBe(true);
  });

  it.each([
    ['no JSON', 'promote', 'must be a JSON object'],
    ['a list', '[]', 'must be a JSON object'],
    ['null', 'null', 'must be a JSON object'],
    ['no id', '{"verb":"promote"}', 'must have an id'],
    ['an empty id', '{"id":"","verb":"promote"}', 'must have an id'],
    ['an id without bottom', `{"id":${'['.repeat(100_000)}${']'.repeat(100_000)},"verb":"abort"}`, 'must have an id'],
    ['an endless id', JSON.stringify({ id: 'x'.repeat(500), verb: 'promote' }), 'must have an id'],
    ['an unknown verb', '{"id":"7","verb":"explode"}', 'one of promote, abort, retry'],
    ['a verb that is no text', '{"id":"7","verb":{"toString":1}}', 'one of promote, abort, retry'],
    ['a reason that is no text', '{"id":"7","verb":"abort","reason":7}', 'may have a reason'],
  ])('is denied with a sentence: %s', (_case, text, sentence) => {
    expect(mutate(write(undefined, text), someRules, now)).toMatchObject({ allowed: true, patch: [] });
    expect(ask(write(undefined, text)).denial?.message).toContain(sentence);
  });

  it('is signed on a Release that is created with it, too', () => {
    const request = aRequest({ object: release('{"id":"7","verb":"abort","by":"bob"}') });
    expect(JSON.parse(sign(request) ?? '')).toMatchObject({ by: alice });
    expect(ask(request).allowed).toBe(false);
  });
});

describe('a hostile policy', () => {
  const answer = (spec: JsonObject): string => {
    const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'CanaryPolicy', metadata: { name: 'x' }, spec };
    return ask(aRequest({ object })).denial?.message ?? '';
  };

  it.each<[string, JsonObject]>([
    ['of unknown fields', Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`step-weight-${i}`, 1]))],
    ['of unknown fields with endless names', { [`${'.'.repeat(500_000)}\n`]: 1, ['['.repeat(500_000)]: 1 }],
    ['of steps', { steps: Array.from({ length: 500_000 }, () => 'x') }],
    ['of placeholders', { checks: [{ name: 'a', max: 1, query: '{{a}}{{b}}'.repeat(400) }] }],
  ])('%s is denied in a page of text', (_case, spec) => {
    const message = answer(spec);
    expect(message).not.toBe('');
    expect(message.length).toBeLessThan(110_000);
  });
});

describe('other questions', () => {
  it.each<[string, AdmissionRequest]>([
    ['a Pod', aRequest({ object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } } })],
    ['a Deployment that goes', aRequest({ old: asObject({ annotations: optIn }) })],
    [
      'a connection',
      aRequest({ object: asObject({ annotations: { [keys.canary]: 'enabeld' } }) }, { operation: 'CONNECT' }),
    ],
  ])('pass: %s', (_case, request) => {
    expect(ask(request)).toMatchObject({ allowed: true, patch: [] });
    expect(mutate(request, someRules, now)).toMatchObject({ allowed: true, patch: [] });
  });
});

describe('a Release', () => {
  const release: KubeObject = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Release',
    metadata: { name: 'web-9' },
    spec: {},
  };

  it.each<[string, AdmissionRequest, string]>([
    ['is made', aRequest({ object: release }), 'Releases are made by Sluice'],
    [
      'gets its status',
      aRequest({ old: release, object: release }, { subResource: 'status' }),
      'the status of a Release',
    ],
  ])('%s by Sluice alone', (_case, request, told) => {
    expect(ask(request)).toMatchObject({
      case: 'guarded',
      allowed: false,
      denial: { code: 403, message: expect.stringContaining(told) },
    });
    expect(ask({ ...request, user: sluice }).allowed).toBe(true);
  });

  it('is labelled and deleted by anybody who may', () => {
    expect(ask(aRequest({ old: release, object: release })).allowed).toBe(true);
    expect(ask(aRequest({ old: release })).allowed).toBe(true);
  });

  it('of another group is none of ours', () =>
    expect(ask(aRequest({ object: { ...release, apiVersion: 'example.com/v1' } })).allowed).toBe(true));
});
