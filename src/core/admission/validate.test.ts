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

  it('and where there is none the write is refused', () => {
    const { object: _none, ...request } = aRequest({ object: asObject({ annotations: optIn }) });
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
    expect(ask(aRequest({ object: policy({ weights: [5, 50] }, kind) })).allowed).toBe(true);
    const { allowed, denial } = ask(aRequest({ object: policy({ weights: [500], interval: 'soon' }, kind) }));
    expect(allowed).toBe(false);
    expect(denial?.message).toContain('spec.interval');
    expect(denial?.message).toContain('spec.weights');
  });

  it('but a wrong one that is stored already may still be labelled', () => {
    const stored = policy({ weights: [50, 5] });
    const labelled = { ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } };
    expect(ask(aRequest({ old: stored, object: labelled })).allowed).toBe(true);
    expect(ask(aRequest({ old: stored, object: policy({ weights: [50, 6] }) })).allowed).toBe(false);
  });

  it.each(['CanaryPolicy', 'ClusterCanaryPolicy'])('and refused before the API server looks at it: %s', (kind) => {
    const request = aRequest({ object: policy({ stepz: [5], interval: 'soon' }, kind) });
    const refused = mutate(request, someRules, now);
    expect(refused.denial).toEqual(ask(request).denial);
    expect(refused.denial?.message).toContain(
      'spec.stepz "[5]": is not a field that is known here. Did you mean steps?',
    );
    expect(mutate(aRequest({ object: policy({ weights: [5] }, kind) }), someRules, now)).toMatchObject({
      allowed: true,
      patch: [],
      warnings: [],
    });
  });

  it.each(['CanaryPolicy', 'ClusterCanaryPolicy'])('an address that nobody lets it name is refused: %s', (kind) => {
    const rules = { ...someRules, addresses: [] };
    const request = aRequest({ object: policy({ prometheus: 'http://10.0.0.1:2379' }, kind) });
    const { allowed, denial } = validate(request, rules, now);
    expect([allowed, denial?.code, denial?.message]).toEqual([
      false,
      422,
      'spec.prometheus "http://10.0.0.1:2379": must not be set: the operator of Sluice allows no address. Leave it out, or ask the operator of Sluice to add it to --allowed-addresses (allowedAddresses of the chart).',
    ]);
    expect(mutate(request, rules, now).denial).toEqual(denial);
  });

  it('a provider that cannot do what it asks, and one that is not there', () => {
    const features = new Set(['weight'] as const);
    const providers = {
      kubernetes: { can: { splits: 'replicas', features, granularity: 1 } },
      istio: { can: { splits: 'route', features, granularity: 1 }, missing: () => ['VirtualService'] },
    } as const;
    const answer = (spec: KubeObject['spec']): Answer =>
      validate(aRequest({ object: policy(spec) }), { ...someRules, providers }, now);
    expect(answer({ provider: 'kubernetes', weights: [100] }).denial?.message).toContain(
      'spec.weights[0] "100": must be below 100',
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
      outOfReach: () => [],
      governing: (_: unknown, without?: unknown) => (without === undefined ? 'CanaryPolicy/careful' : 'missing'),
    } as const;
    const told = (request: AdmissionRequest): Answer => validate(request, { ...someRules, policyUse }, now);
    const [before, after] = [policy({ weights: [5] }), policy({ weights: [10] })];
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

  it('F14: a cluster-wide policy that fits system namespaces says so', () => {
    const dns = { metadata: { name: 'coredns', namespace: 'kube-system' } };
    const policyUse = { workloads: () => [], outOfReach: () => [dns], governing: () => 'nothing' as const };
    const everything = { ...policy({ selector: {} }), kind: 'ClusterCanaryPolicy' };
    const { allowed, warnings } = validate(aRequest({ object: everything }), { ...someRules, policyUse }, now);
    expect([allowed, warnings]).toEqual([
      true,
      [expect.stringContaining('1 workload (kube-system/coredns) in system namespaces, which Sluice never releases')],
    ]);
  });

  it('a policy of another group is none of ours', () => {
    const object = { ...policy({ weights: [50, 5] }), apiVersion: 'example.com/v1' };
    expect(ask(aRequest({ object })).allowed).toBe(true);
  });
});

describe('a request on a Release', () => {
  const prefix = 'sluice.dev/request.';
  /** By the ids of the requests. */
  type Texts = { readonly [id: string]: string };
  const release = (requests: Texts): KubeObject => ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Release',
    metadata: {
      name: 'web-5',
      namespace: 'shop',
      annotations: {
        other: 'x',
        ...Object.fromEntries(Object.entries(requests).map(([id, text]) => [prefix + id, text])),
      },
    },
  });
  const write = (before: Texts, after: Texts, user = alice): AdmissionRequest =>
    aRequest({ old: release(before), object: release(after) }, { user });
  /** The requests after the mutating webhook. */
  const sign = (request: AdmissionRequest, after: Texts): Texts => {
    const signed = mutate(request, someRules, now).patch.map((op) => {
      if (op.op !== 'replace') throw new Error(`${op.op} ${op.path}`);
      return [op.path.replace('/metadata/annotations/sluice.dev~1request.', ''), op.value as string] as const;
    });
    return { ...after, ...Object.fromEntries(signed) };
  };
  const promote = '{"verb":"promote"}';
  const many = (count: number): Texts =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, '{"verb":"abort","by":"bob"}']));

  it('gets its author and its time, whatever the client says', () => {
    const text = JSON.stringify({ verb: 'promote', reason: 'looks good', by: 'the boss', at: 'yesterday', extra: 1 });
    const signed = sign(write({}, { a7: text }), { a7: text });
    expect(JSON.parse(signed['a7'] ?? '')).toEqual({
      verb: 'promote',
      reason: 'looks good',
      by: alice,
      at: '2026-01-02T00:00:00.000Z',
    });
    expect(ask(write({}, signed)).allowed).toBe(true);
    expect(sign(write({}, signed), signed)).toEqual(signed);
  });

  it('leaves those of others alone, and so does who writes something else', () => {
    const before = sign(write({}, { a: promote }, 'bob'), { a: promote });
    const after = sign(write(before, { ...before, b: promote }), { ...before, b: promote });
    expect(Object.values(after).map((text) => (JSON.parse(text) as { by: string }).by)).toEqual(['bob', alice]);
    expect(ask(write(before, after)).allowed).toBe(true);
    expect(mutate(write(after, after, 'carol'), someRules, now).patch).toEqual([]);
    expect(ask(write(after, after, 'carol')).allowed).toBe(true);
  });

  it('may come with others in one write', () => {
    const both = { a: promote, b: '{"verb":"abort"}' };
    expect(mutate(write({}, both), someRules, now)).toMatchObject({
      because: 'promote and abort are asked for, and the requests get their author',
    });
    expect(ask(write({}, sign(write({}, both), both))).allowed).toBe(true);
  });

  it('cannot be made in the name of somebody else', () => {
    const forged = '{"verb":"promote","by":"bob"}';
    expect(ask(write({}, { a: forged })).denial?.message).toContain(alice);
  });

  it('is not changed once it is made', () => {
    const [before, after] = [{ a: promote }, { a: '{"verb":"abort"}' }];
    expect(mutate(write(before, after), someRules, now).patch).toEqual([]);
    expect(ask(write(before, after)).denial?.message).toContain('must not be changed: it has been made. Make another');
  });

  it('may be taken away', () => expect(ask(write({ a: '{}' }, {})).allowed).toBe(true));

  it('finds room beside 19 others, and none beside 20, before some are taken away', () => {
    const made = { fresh: JSON.stringify({ verb: 'abort', by: alice }) };
    expect(ask(write(many(19), { ...many(19), ...made })).allowed).toBe(true);
    const crowded = write(many(20), { ...many(20), ...made });
    expect(mutate(crowded, someRules, now).patch).toEqual([]);
    expect(ask(crowded).denial?.message).toContain('must not be more than 20 on one Release');
    expect(ask(write(many(20), { ...many(4), ...made })).allowed).toBe(true);
    expect(ask(write(many(30), many(25))).allowed).toBe(true);
  });

  it('of Sluice itself passes untouched', () => {
    expect(mutate(write({}, { a: 'x' }, sluice), someRules, now).patch).toEqual([]);
    expect(ask(write({}, { a: 'x' }, sluice)).allowed).toBe(true);
  });

  it.each([
    ['no JSON', 'a', 'promote', 'must be a JSON object'],
    ['a list', 'a', '[]', 'must be a JSON object'],
    ['null', 'a', 'null', 'must be a JSON object'],
    ['an id in capitals', 'A', promote, 'must end in an id'],
    ['an endless id', 'x'.repeat(55), promote, 'must end in an id'],
    ['an unknown verb', 'a', '{"verb":"explode"}', 'one of promote, resume, skip-step, abort, retry'],
    ['a verb of every object', 'a', '{"verb":"toString"}', 'one of promote, resume, skip-step, abort, retry'],
    ['a verb that is no text', 'a', '{"verb":{"toString":1}}', 'one of promote, resume, skip-step, abort, retry'],
    ['a verb without bottom', 'a', `{"verb":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'one of promote'],
    ['a reason that is no text', 'a', '{"verb":"abort","reason":7}', 'may have a reason'],
    ['an endless reason', 'a', JSON.stringify({ verb: 'abort', reason: 'x'.repeat(1025) }), 'may have a reason'],
  ])('is denied with a sentence: %s', (_case, id, text, sentence) => {
    const request = write({}, { [id]: text, good: promote });
    expect(mutate(request, someRules, now)).toMatchObject({ allowed: true, patch: [] });
    expect(ask(request).denial?.message).toContain(sentence);
  });

  it('without an id in its key is answered with how to write it', () => {
    const [old, object] = [release({}), release({})];
    const annotations = { 'sluice.dev/request': promote };
    const request = aRequest({ old, object: { ...object, metadata: { ...object.metadata, annotations } } });
    expect(ask(request).denial?.message).toContain('Write sluice.dev/request.1: {"verb":"promote"');
  });

  it('is signed on a Release that is created with it, too', () => {
    const forged = { a: '{"verb":"abort","by":"bob"}' };
    const request = aRequest({ object: release(forged) });
    expect(JSON.parse(sign(request, forged)['a'] ?? '')).toMatchObject({ by: alice });
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
    ['of weights', { weights: Array.from({ length: 500_000 }, () => 'x') }],
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
