import { describe, expect, it } from '@jest/globals';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { percent } from '../values/percent.ts';
import { sentence } from '../values/problem.ts';
import type { Match, Split } from '../values/split.ts';
import { virtualServices } from './istio.ts';

const between = { apex: 'web', canaryService: 'web-canary' };
const toWeb = { route: [{ destination: { host: 'web' } }] };

const route = (spec: JsonObject, name = 'shop'): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop' },
  spec: { hosts: ['web'], ...spec },
});

const matching = (...match: readonly Match[]): Split => ({ weight: percent(0), match });
const mirroring: Split = { weight: percent(0), mirror: percent(10) };
const beta = matching({ headers: { 'x-user': { exact: 'beta' } } });
const fromFront = matching({ sourceLabels: { app: 'front' } });

const problems = (objects: readonly KubeObject[], ...splits: readonly Split[]): readonly string[] =>
  virtualServices.problems(objects, between, splits).map(sentence);

describe('what keeps a split by matches from starting', () => {
  it('a condition of the user on the same header', () =>
    expect(
      problems([route({ http: [{ match: [{ headers: { 'X-User': { regex: 'b.*' } } }], ...toWeb }] })], beta),
    ).toEqual([
      'VirtualService/shop http[0].match[0].headers.X-User "{"regex":"b.*"}": is in the place of what the split matches ({"exact":"beta"}), and a match has room for one condition there. Let the split match something else, or write the same condition.',
    ]));

  it('two cookies, said once for each rule', () => {
    const cookies = matching({ cookies: { a: { exact: '1' }, b: { exact: '2' } } });
    expect(
      problems([route({ http: [{ match: [{ uri: { prefix: '/a' } }, { port: 80 }], ...toWeb }] })], cookies),
    ).toEqual([
      expect.stringMatching(
        /^VirtualService\/shop http\[0\]\.match ".*": .* at most one cookie or condition on headers\.cookie/,
      ),
    ]);
  });

  it('labels of the caller where Istio would not look at them', () => {
    expect(problems([route({ http: [{ match: [{ gateways: ['mesh'] }], ...toWeb }] })], fromFront)).toEqual([
      expect.stringMatching(/http\[0\]\.match\[0\]\.gateways "\["mesh"\]": keeps Istio from looking at labels/),
    ]);
    expect(problems([route({ hosts: [], http: [toWeb] })], fromFront)).toEqual([
      expect.stringMatching(/^VirtualService\/shop spec\.hosts: is empty, so another VirtualService delegates to it/),
    ]);
    // A route beside it is made for the mesh.
    expect(problems([route({ gateways: ['public'], http: [toWeb] })], fromFront)).toEqual([]);
  });

  it('rules that no request that matches can reach', () => {
    const others = { match: [{ headers: { 'x-user': { exact: 'gamma' } } }], ...toWeb };
    expect(problems([route({ http: [others] })], beta)).toEqual([
      expect.stringMatching(/^VirtualService\/shop http\[0\]\.match ".*": can be met by no request/),
    ]);
    expect(problems([route({ http: [others] }), route({ http: [toWeb] }, 'more')], beta)).toEqual([]);
  });

  it('rules for streams alone, and not beside http rules', () => {
    const tcp = [{ match: [{ port: 9000 }], ...toWeb }];
    const said = expect.stringMatching(/^VirtualService\/shop: sends to the Service web by tls and tcp rules only/);
    expect(problems([route({ tcp })], beta, mirroring)).toEqual([said]);
    expect(problems([route({ tcp, http: [toWeb] })], beta, mirroring)).toEqual([]);
  });

  it('more matches than a rule can be copied for', () => {
    const match = Array.from({ length: 20 }, (_, port) => ({ port }));
    const many = matching(
      ...Array.from({ length: 20 }, (_, n): Match => ({ headers: { [`x-${n}`]: { exact: '1' } } })),
    );
    const http = [{ match, ...toWeb }];
    expect(problems([route({ http })], many)).toEqual([expect.stringContaining('has too many matches')]);
    const carried = { ...between, split: many, release: 'web-7' };
    expect(virtualServices.put(route({ http }), carried).spec?.['http']).toEqual([expect.anything()]);
  });

  it('a rule that is matched for another release as well', () => {
    const both = { route: [...toWeb.route, { destination: { host: 'api' } }].map((d) => ({ ...d, weight: 100 })) };
    const other = { apex: 'api', canaryService: 'api-canary', split: fromFront, release: 'api-3' };
    const taken = virtualServices.put(route({ http: [both] }), other);
    expect(problems([taken], beta)).toEqual([
      expect.stringMatching(
        /http\[0\]\.route "api": sends to the Service api too, whose release api-3 matches requests/,
      ),
    ]);
    expect(problems([taken], { weight: percent(50) })).toEqual([]);
  });
});

describe('what keeps copies of requests from starting', () => {
  it.each<readonly [string, JsonObject, string]>([
    ['a mirror', { mirror: { host: 'shadow' } }, 'http[0].mirror "{"host":"shadow"}": leaves no room for a mirror'],
    [
      'another destination',
      {
        route: [
          { destination: { host: 'web' }, weight: 1 },
          { destination: { host: 'cart' }, weight: 1 },
        ],
      },
      'http[0].route: sends to other destinations than web',
    ],
  ])('%s', (_case, more, said) =>
    expect(problems([route({ http: [{ ...toWeb, ...more }] })], mirroring)).toEqual(
      expect.arrayContaining([expect.stringContaining(said)]),
    ),
  );

  it('a destination without weight is none', () => {
    const unused = { destination: { host: 'cart' }, weight: 0 };
    const http = [{ route: [{ destination: { host: 'web' }, weight: 100 }, unused] }];
    expect(problems([route({ http })], mirroring)).toEqual([]);
  });

  it('a mirror to the canary that Sluice has not made, whatever is asked for', () => {
    const http = [{ ...toWeb, mirrors: [{ destination: { host: 'web-canary' } }] }];
    expect(problems([route({ http })], { weight: percent(50) })).toEqual([
      expect.stringMatching(/^VirtualService\/shop http\[0\] "web-canary": already mirrors to web-canary/),
    ]);
  });
});
