import { describe, expect, it } from '@jest/globals';
import jsonPatch from 'fast-json-patch';
import { alice, sluice } from '../../../test/support/admission-input.ts';
import { aRequest, someRules } from '../../../test/support/an-admission-request.ts';
import type { JsonObject, KubeObject, Labels } from '../../values/kube-object.ts';
import type { AdmissionRequest, Answer } from './admission-request.ts';
import { mutate } from './mutate.ts';

const memo = '{"bare":true,"services":{"web":{"release":"web-7","split":{"weight":20},"weights":{"http/main":null}}}}';
const remembered: Labels = { 'sluice.dev/split': memo };
const to = (host: string, weight?: number): JsonObject => ({
  destination: { host },
  ...(weight === undefined ? {} : { weight }),
});
const plain = [to('web')];
const split = [to('web', 80), to('web-canary', 20)];

type Traits = {
  readonly route?: readonly JsonObject[];
  readonly annotations?: Labels;
  readonly managers?: readonly string[];
};
const aRoute = ({ route = plain, annotations, managers }: Traits = {}): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: {
    name: 'shop',
    namespace: 'shop',
    ...(annotations === undefined ? {} : { annotations }),
    ...(managers === undefined ? {} : { managedFields: managers.map((manager) => ({ manager })) }),
  },
  spec: { hosts: ['web'], http: [{ name: 'main', route }] },
});
const live = aRoute({ route: split, annotations: remembered });
const ask = (request: AdmissionRequest): Answer => mutate(request, someRules, 0);
const stored = (request: AdmissionRequest): KubeObject => {
  const { patch, allowed } = ask(request);
  expect(allowed).toBe(true);
  return jsonPatch.applyPatch(request.object!, [...patch], true, false).newDocument;
};

describe('a write over a route that carries a split', () => {
  it.each<[string, KubeObject]>([
    ['the original, by client-side apply', aRoute({ annotations: remembered })],
    ['the original, by replace', aRoute()],
    ['the live object', live],
    ['another split that the client made up', aRoute({ route: [to('web', 1), to('web-canary', 99)] })],
    [
      'another memory that the client made up',
      aRoute({ annotations: { 'sluice.dev/split': memo.replace('20', '99') } }),
    ],
    ['a memory that nobody can read', aRoute({ annotations: { 'sluice.dev/split': '{' } })],
  ])('stores what was there before: %s', (_case, object) => {
    expect(stored(aRequest({ old: live, object }))).toEqual(live);
  });

  it('says whose split is kept, and how long', () => {
    expect(ask(aRequest({ old: live, object: aRoute() }))).toMatchObject({
      case: 'split-kept',
      warnings: ['the split of release web-7 (20 % to web-canary) is kept; it ends with the release'],
    });
    const old = aRoute({ route: split, annotations: { 'sluice.dev/split': memo.replace('"release":"web-7",', '') } });
    expect(ask(aRequest({ old, object: aRoute() })).warnings[0]).toContain('the split of a release (20 %');
  });

  it('says nothing where nothing has to be put back', () => {
    expect(ask(aRequest({ old: live, object: live }))).toMatchObject({ case: 'split-intact', warnings: [], patch: [] });
  });

  it('answers a second question about it with nothing more', () => {
    const again = stored(aRequest({ old: live, object: aRoute() }));
    expect(ask(aRequest({ old: live, object: again })).patch).toEqual([]);
  });

  it('touches annotations and the rules of the spec alone', () => {
    const paths = ask(aRequest({ old: live, object: aRoute() })).patch.map(({ path }) => path);
    expect(paths).toEqual(['/metadata/annotations', '/spec/http']);
  });

  it('keeps what else the client writes', () => {
    const object = { ...aRoute({ annotations: { note: 'new' } }), spec: { ...aRoute().spec, hosts: ['web', 'shop'] } };
    const after = stored(aRequest({ old: live, object }));
    expect(after.spec).toEqual({ hosts: ['web', 'shop'], http: live.spec?.['http'] });
    expect(after.metadata.annotations).toMatchObject({ note: 'new' });
  });

  it('takes the memory along where the route sends elsewhere', () => {
    const object = aRoute({ route: [to('cart')], annotations: remembered });
    expect(stored(aRequest({ old: live, object }))).toEqual(aRoute({ route: [to('cart')] }));
    expect(ask(aRequest({ old: live, object })).warnings).toEqual([
      'this VirtualService no longer sends to web, so the split of release web-7 (20 % to web-canary) is not in it any more',
    ]);
  });
});

describe('a split that was copied from a live object', () => {
  it.each<[string, KubeObject | undefined]>([
    ['a route that carries none', aRoute()],
    ['a new route', undefined],
  ])('is taken out of %s', (_case, old) => {
    const request = aRequest({ ...(old === undefined ? {} : { old }), object: live });
    expect(stored(request)).toEqual(aRoute());
    expect(ask(request).warnings).toEqual([expect.stringContaining('is taken out')]);
  });
});

describe('a split by matches', () => {
  const asked = '{"match":[{"headers":{"x-canary":{"exact":"1"}}}],"weight":0}';
  const matching = memo.replace('{"weight":20}', asked);
  const rule = { name: 'main', route: plain };
  const copy = {
    name: 'sluice.dev/match/web',
    match: [{ headers: { 'x-canary': { exact: '1' } } }],
    route: [to('web-canary')],
  };
  const routed = (...http: readonly JsonObject[]): KubeObject => ({ ...aRoute(), spec: { http } });
  const carried = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, annotations: { 'sluice.dev/split': matching } },
  });
  const old = carried(routed(copy, rule));

  it.each<[string, KubeObject]>([
    ['the route as its owner has it', routed(rule)],
    ['the live route', old],
    ['a copy that was edited', carried(routed({ ...copy, match: [] }, rule))],
  ])('is kept when somebody writes %s', (_case, object) => expect(stored(aRequest({ old, object }))).toEqual(old));

  it('follows the rule that its owner writes', () => {
    const edited = { ...rule, timeout: '5s' };
    expect(stored(aRequest({ old, object: routed(edited) })).spec).toEqual({
      http: [{ ...copy, timeout: '5s' }, edited],
    });
  });

  it('is taken out of a manifest that was copied from the live object', () =>
    expect(stored(aRequest({ object: old }))).toEqual(routed(rule)));
});

describe('more splits than can be kept in time', () => {
  const services = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`web${i}`, { canary: 20 }]));
  const crowded: Labels = { 'sluice.dev/split': JSON.stringify({ services }) };

  it('that are stored are left alone, and the write is told', () => {
    const request = aRequest({ old: aRoute({ annotations: crowded }), object: aRoute() });
    expect(ask(request)).toMatchObject({
      case: 'too-much',
      allowed: true,
      patch: [],
      warnings: [
        'this VirtualService is too large for the number of splits in it: none was kept in this write, and the releases put theirs back',
      ],
    });
  });

  it('that were made up are not believed, and those that are stored are kept', () => {
    expect(stored(aRequest({ old: live, object: aRoute({ annotations: crowded }) }))).toEqual(live);
    expect(stored(aRequest({ old: aRoute(), object: aRoute({ annotations: { ...crowded, note: 'mine' } }) }))).toEqual(
      aRoute({ annotations: { note: 'mine' } }),
    );
  });
});

describe('what Sluice itself writes', () => {
  const write = (before: readonly string[] | undefined, after: readonly string[]): Answer =>
    ask(
      aRequest(
        {
          old: aRoute(before === undefined ? {} : { managers: before }),
          object: aRoute({ route: split, annotations: remembered, managers: after }),
        },
        { user: sluice },
      ),
    );

  it('leaves the field managers as they were', () => {
    expect(write(['gitops', 'kubectl'], ['gitops', 'sluice'])).toEqual({
      case: 'own-route',
      because: expect.any(String),
      allowed: true,
      warnings: [],
      patch: [
        { op: 'replace', path: '/metadata/managedFields', value: [{ manager: 'gitops' }, { manager: 'kubectl' }] },
      ],
    });
  });

  it('also takes away what it left behind while no webhook answered', () => {
    expect(write(['gitops', 'sluice'], ['sluice']).patch).toMatchObject([{ value: [{ manager: 'gitops' }] }]);
  });

  it.each([[undefined], [[]], [['sluice']]])('never leaves an empty list: %j', (before) =>
    expect(write(before, ['sluice']).patch).toEqual([]),
  );

  it('is never taken for a copy', () => {
    const request = aRequest({ old: aRoute(), object: live }, { user: sluice });
    expect(ask(request).patch).toEqual([]);
    expect(ask({ ...request, user: alice }).patch).not.toEqual([]);
  });
});

describe('other writes', () => {
  it.each<[string, AdmissionRequest]>([
    ['of a route without a split', aRequest({ old: aRoute(), object: aRoute({ route: [to('cart')] }) })],
    ['of the status', aRequest({ old: live, object: aRoute() }, { subResource: 'status' })],
    ['of another kind', aRequest({ old: live, object: aRoute() }, { kind: 'Gateway' })],
    ['of a namesake in another group', aRequest({ old: live, object: aRoute() }, { group: 'example.com' })],
  ])('pass: %s', (_case, request) => expect(ask(request).patch).toEqual([]));
});
