/**
 * Where requests go in VirtualServices with a whole split, decided by a reader that is written for this test and knows
 * nothing of how the split is put in: the canary gets what matches and its weight of the rest, and nothing else changes.
 */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import type { Match, Split, TextMatch } from '../../src/values/split.ts';
import { istio } from '../../src/traffic/istio.ts';
import { runner } from '../../src/traffic/runner.ts';
import { virtualServices } from './traffic-routes.ts';
import { splitsWith } from './traffic-splits.ts';
import { aTarget, liveOf, problemsIn, renderAt } from './traffic-world.ts';

type Texts = Readonly<Record<string, string>>;
type Request = {
  readonly path: string;
  readonly headers: Texts;
  readonly query: Texts;
  readonly labels: Texts;
  /** Of the proxy: the reserved name of sidecars, or a gateway's. */
  readonly gateway: string;
};
type Entry = { readonly [key: string]: unknown };

const cookiesOf = ({ headers }: Request): Texts =>
  Object.fromEntries((headers['cookie'] ?? '').split('; ').map((pair) => pair.split('=') as [string, string]));

/** As Envoy does: the whole text. JavaScript's expressions mean what RE2's do for all that stands here. */
const fits = (value: string | undefined, text: Entry): boolean => {
  if (value === undefined) return false;
  const { exact, prefix, regex } = text as { exact?: string; prefix?: string; regex?: string };
  if (exact !== undefined) return value === exact;
  if (prefix !== undefined) return value.startsWith(prefix);
  return regex === undefined || new RegExp(`^(?:${regex})$`).test(value);
};

const all = (texts: unknown, holds: (key: string, text: Entry) => boolean): boolean =>
  Object.entries((texts ?? {}) as Record<string, Entry>).every(([key, text]) => holds(key, text));

const blockFits = (block: JsonObject, { path, headers, query, labels, gateway }: Request): boolean => {
  const gateways = block['gateways'] as readonly string[] | undefined;
  const source = Object.entries((block['sourceLabels'] ?? {}) as Texts);
  return (
    (gateways === undefined
      ? source.every(([key, value]) => gateway === 'mesh' && labels[key] === value)
      : gateways.includes(gateway)) &&
    (block['uri'] === undefined || fits(path, block['uri'] as Entry)) &&
    all(block['headers'], (key, text) => fits(headers[key.toLowerCase()], text)) &&
    all(block['queryParams'], (key, text) => fits(query[key], text))
  );
};

type Rule = JsonObject & {
  readonly match?: readonly JsonObject[];
  readonly route?: readonly {
    readonly destination: JsonObject;
    readonly weight?: number;
    readonly headers?: JsonObject;
  }[];
};

const ruleFor = ({ spec }: KubeObject, request: Request): Rule | undefined =>
  (spec!['http'] as readonly Rule[]).find(
    ({ match = [] }) => match.length === 0 || match.some((block) => blockFits(block, request)),
  );

/** The parts of a rule's requests by destination, as text without what a subset or a Service's name says of the arm. */
const partsOf = (rule: Rule | undefined): Readonly<Record<string, number>> => {
  const { route = [] } = rule ?? {};
  const total = route.length === 1 ? 1 : route.reduce((sum, { weight = 0 }) => sum + weight, 0);
  const parts: Record<string, number> = {};
  for (const one of route) {
    const weight = route.length === 1 ? 1 : (one.weight ?? 0);
    const { host, subset, ...rest } = one.destination as { host: string; subset?: string };
    const key = JSON.stringify([host, host.startsWith('web-canary') ? '' : (subset ?? ''), rest, one.headers ?? {}]);
    parts[key] = (parts[key] ?? 0) + weight / total;
  }
  return parts;
};

const isApex = (host: string): boolean => /^web(\.shop(\.svc.*)?)?$/.test(host);

const textFits = (value: string | undefined, text: TextMatch): boolean => {
  if (value === undefined) return false;
  return 'suffix' in text ? value.endsWith(text.suffix) : fits(value, text);
};

const isMatched = ({ headers = {}, cookies = {}, query = {}, sourceLabels = {} }: Match, request: Request): boolean =>
  Object.entries(headers).every(([key, text]) => textFits(request.headers[key.toLowerCase()], text)) &&
  Object.entries(cookies).every(([key, text]) => textFits(cookiesOf(request)[key], text)) &&
  Object.entries(query).every(([key, text]) => textFits(request.query[key], text)) &&
  Object.entries(sourceLabels).every(([key, value]) => request.gateway === 'mesh' && request.labels[key] === value);

/** What becomes of the parts where the canary gets this share of the apex's. */
const withShare = (parts: Readonly<Record<string, number>>, share: number): Readonly<Record<string, number>> => {
  const next: Record<string, number> = {};
  const add = (key: string, part: number): void => {
    if (part > 0) next[key] = (next[key] ?? 0) + part;
  };
  for (const [key, part] of Object.entries(parts)) {
    const [host, subset, ...rest] = JSON.parse(key) as [string, string, ...unknown[]];
    const given = isApex(host) && subset !== 'v2' ? share : 0;
    add(key, part * (1 - given));
    add(JSON.stringify([host.replace(/^web/, 'web-canary'), '', ...rest]), part * given);
  }
  return next;
};

const value = fc.constantFrom('x-user', 'beta', 'arm', 'x-user-beta', 'other');
const key = fc.constantFrom('x-user', 'beta', 'arm');
const requests: fc.Arbitrary<Request> = fc
  .record({
    path: fc.constantFrom('/', '/api/1', '/old', '/team', '/else'),
    headers: fc.dictionary(key, value, { maxKeys: 3 }),
    cookies: fc.dictionary(key, value, { maxKeys: 2 }),
    query: fc.dictionary(key, value, { maxKeys: 2 }),
    labels: fc.dictionary(key, value, { maxKeys: 2 }),
    gateway: fc.constantFrom('mesh', 'public'),
  })
  .map(({ cookies, headers, ...rest }) => {
    const cookie = Object.entries(cookies).map(([name, text]) => `${name}=${text}`);
    return { ...rest, headers: cookie.length === 0 ? headers : { ...headers, cookie: cookie.join('; ') } };
  });

const provider = runner('istio', istio);
const target = aTarget();

const definitions: KubeObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    host: 'web',
    subsets: [
      { name: 'v1', labels: { track: 'v1' } },
      { name: 'v2', labels: { track: 'admin' } },
    ],
  },
};

/** The generator's routes are for a gateway; here some are for the mesh as well. */
const routes = fc.tuple(virtualServices('web'), fc.boolean()).map(([all, inMesh]) =>
  all.map((one): KubeObject => ({
    ...one,
    spec: { ...one.spec, gateways: inMesh ? ['public', 'mesh'] : ['public'] },
  })),
);

const close = (parts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(parts)
      .filter(([, part]) => part > 0)
      .map(([one, part]): [string, number] => [one, Math.round(part * 1e6) / 1e6])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const wholeWeights = splitsWith(provider.can.features).map(
  (split) => ({ ...split, weight: split.weight >= 50 ? 100 : 0 }) as Split,
);

it('requests that match go to the canary, the others as before, and other Services keep theirs', () => {
  // Without such requests the property would hold of nothing.
  const seen = { matched: 0 };
  fc.assert(
    fc.property(routes, wholeWeights, fc.array(requests, { minLength: 10, maxLength: 20 }), (objects, split, sent) => {
      const before = liveOf([...objects, definitions]);
      const possible = problemsIn(provider, target, before, [split]).length === 0;
      const after = renderAt(provider, target, before, split);
      for (const object of objects) {
        const now = [...after.values()].find(
          ({ metadata, kind }) => kind === object.kind && metadata.name === object.metadata.name,
        )!;
        const isInMesh = (object.spec!['gateways'] as readonly string[]).includes('mesh');
        for (const request of sent.filter(({ gateway }) => isInMesh || gateway !== 'mesh')) {
          const asked = (split.match ?? []).some((match) => isMatched(match, request));
          const old = partsOf(ruleFor(object, request));
          const found = close(partsOf(ruleFor(now, request)));
          const wanted = close(withShare(old, asked ? 1 : split.weight / 100));
          // Where not all can be said, less goes to the canary, and nothing else changes.
          if (possible || !asked) expect([request, found]).toEqual([request, wanted]);
          else expect([wanted, close(withShare(old, split.weight / 100))]).toContainEqual(found);
          if (possible && asked && Object.keys(found).some((one) => one.includes('web-canary'))) seen.matched += 1;
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(seen.matched).toBeGreaterThan(20);
});
