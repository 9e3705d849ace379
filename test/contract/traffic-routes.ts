/** Routes as people write them, for property tests: adopted rules beside others, names in every form, weights in every form. */
import fc from 'fast-check';
import type { Json, JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { namespace } from './traffic-world.ts';

/** Apexes the routes may send to: two, because one route can carry the splits of two releases. */
export const apexes = ['web', 'api'] as const;
export type Apex = (typeof apexes)[number];

const withoutUndefined = (object: { readonly [key: string]: Json | undefined }): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Every form in which a route of the namespace may write a Service of it. */
const hostForms = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
    `${name}.${namespace}.svc.acme.internal`,
  );

/** Hosts that look like the apex and are somebody else. */
const otherHosts = fc.constantFrom(
  'cart',
  'api',
  'web.other',
  'web.other.svc.cluster.local',
  'web.example.com',
  'web-old',
);

const host = (apex: Apex): fc.Arbitrary<string> => fc.oneof(hostForms(apex), otherHosts);

/** Weights of a list: none or any for an only destination, whole numbers that say something for several. */
const weightsFor = (count: number): fc.Arbitrary<readonly (number | undefined)[]> =>
  count === 1
    ? fc.tuple(maybe(fc.oneof(fc.constantFrom(0, 1, 100), fc.nat({ max: 1000 }))))
    : fc
        .array(fc.oneof(fc.constantFrom(0, 10, 50), fc.nat({ max: 300 })), { minLength: count, maxLength: count })
        .map((weights) => (weights.some((weight) => weight > 0) ? weights : weights.map(() => 50)));

const istioDestination = (where: fc.Arbitrary<string>): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      host: where,
      subset: maybe(fc.constantFrom('v1', 'v2')),
      port: maybe(fc.constant({ number: 80 })),
      headers: maybe(fc.constant({ request: { set: { 'x-from': 'route' } } })),
    })
    .map(({ host: to, subset, port, headers }) =>
      withoutUndefined({ destination: withoutUndefined({ host: to, subset, port }), headers }),
    );

const destinations = (
  where: fc.Arbitrary<string>,
  of: (where: fc.Arbitrary<string>) => fc.Arbitrary<JsonObject>,
  weightRequired = false,
): fc.Arbitrary<readonly JsonObject[]> =>
  fc
    .integer({ min: 1, max: 4 })
    .chain((count) => fc.tuple(fc.array(of(where), { minLength: count, maxLength: count }), weightsFor(count)))
    .map(([list, weights]) =>
      list.map((d, index) => withoutUndefined({ ...d, weight: weights[index] ?? (weightRequired ? 100 : undefined) })),
    );

const match = fc.constantFrom<Json>(
  [{ uri: { prefix: '/api' } }],
  [{ headers: { 'x-user': { exact: 'beta' } } }],
  [{ uri: { exact: '/' }, gateways: ['mesh'] }],
);

const httpRule = (apex: Apex): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      name: maybe(fc.constantFrom('first', 'second', 'third')),
      match: maybe(match),
      route: destinations(host(apex), istioDestination),
      timeout: maybe(fc.constantFrom('5s', '30s')),
      mirror: maybe(fc.constant({ host: apex })),
      mirrors: maybe(fc.constantFrom<Json>([], [{ destination: { host: 'shadow' }, percentage: { value: 5 } }])),
      unknownToSluice: maybe(fc.constant({ deep: [1, { a: null }] })),
    })
    .map(withoutUndefined);

/** Rules without destinations: nothing in them is to be split. */
const otherRule = fc.constantFrom<JsonObject>(
  { match: [{ uri: { prefix: '/old' } }], redirect: { uri: '/new', authority: 'web' } },
  { directResponse: { status: 503 } },
  { match: [{ uri: { prefix: '/team' } }], delegate: { name: 'web', namespace: 'shop' } },
);

const streamRule = (apex: Apex): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      match: fc.constantFrom<Json>([{ port: 9000 }], [{ port: 443, sniHosts: ['web.example.com'] }]),
      route: destinations(host(apex), istioDestination),
    })
    .map(withoutUndefined);

const metadata = (name: string): fc.Arbitrary<KubeObject['metadata']> =>
  fc
    .record({
      labels: maybe(fc.constant({ team: 'shop' })),
      annotations: maybe(fc.constantFrom<Record<string, string>>({}, { note: 'by hand' })),
    })
    .map((extra) => ({ name, namespace, ...(withoutUndefined(extra) as object), generation: 3 }));

/** A rule that surely sends to the apex goes in at a random place, so that the route is always one to adopt. */
const surely = (apex: Apex): fc.Arbitrary<JsonObject> =>
  fc
    .tuple(hostForms(apex), maybe(fc.constant('sure')))
    .map(([to, name]) => withoutUndefined({ name, route: [{ destination: { host: to } }] }));

export const virtualServices = (apex: Apex): fc.Arbitrary<readonly KubeObject[]> =>
  fc
    .array(
      fc.record({
        http: fc.tuple(
          fc.array(fc.oneof({ weight: 4, arbitrary: httpRule(apex) }, { weight: 1, arbitrary: otherRule }), {
            maxLength: 4,
          }),
          surely(apex),
          fc.nat(),
        ),
        tcp: maybe(fc.array(streamRule(apex), { maxLength: 2 })),
        tls: maybe(fc.array(streamRule(apex), { maxLength: 2 })),
        about: metadata('route'),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((routes) =>
      routes.map(({ http: [rules, sure, at], tcp, tls, about }, index) => ({
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { ...about, name: `${about.name}-${index}` },
        spec: withoutUndefined({
          hosts: ['web.example.com'],
          gateways: ['public'],
          http: rules.toSpliced(at % (rules.length + 1), 0, sure),
          tcp,
          tls,
        }),
      })),
    );

const backend = (where: fc.Arbitrary<string>): fc.Arbitrary<JsonObject> => where.map((service) => ({ service }));

export const trafficSplits = (apex: Apex): fc.Arbitrary<readonly KubeObject[]> =>
  fc
    .record({
      list: destinations(fc.oneof(fc.constant(apex as string), fc.constantFrom('cart', 'web-old')), backend, true),
      own: fc.integer({ min: 1, max: 500 }),
      at: fc.nat(),
      service: hostForms(apex),
      about: metadata('split'),
    })
    .map(({ list, own, at, service, about }) => [
      {
        apiVersion: 'split.smi-spec.io/v1alpha2',
        kind: 'TrafficSplit',
        metadata: about,
        spec: { service, backends: list.toSpliced(at % (list.length + 1), 0, { service: apex, weight: own }) },
      },
    ]);

export const memoryRoutes = (apex: Apex): fc.Arbitrary<readonly KubeObject[]> =>
  trafficSplits(apex).map(([split]) => [
    {
      apiVersion: 'memory.sluice.dev/v1',
      kind: 'Route',
      metadata: { ...split!.metadata },
      spec: { to: split!.spec!['backends'] as Json },
    },
  ]);
