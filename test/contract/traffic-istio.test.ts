import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { istio } from '../../src/traffic/istio.ts';
import { runner } from '../../src/traffic/runner.ts';
import { virtualServices } from './traffic-routes.ts';
import { trafficContract, type Destination, type Edit } from './traffic-suite.ts';
import { namespace } from './traffic-world.ts';

const rulesOf = (route: KubeObject, protocol: string): readonly JsonObject[] =>
  (route.spec?.[protocol] ?? []) as readonly JsonObject[];

/** Rules that are added for matches are no lists of the user's. */
const isAdded = ({ name }: JsonObject): boolean => typeof name === 'string' && name.startsWith('sluice.dev/');

const lists = (route: KubeObject): readonly (readonly Destination[])[] =>
  ['http', 'tls', 'tcp'].flatMap((protocol) =>
    rulesOf(route, protocol)
      .filter((rule) => !isAdded(rule))
      .flatMap(({ route: list }) => (list === undefined ? [] : [list as readonly Destination[]])),
  );

const hostOf = ({ destination }: Destination): string => (destination as { host: string }).host;

const withSpec = (route: KubeObject, spec: JsonObject): KubeObject => ({ ...route, spec: { ...route.spec, ...spec } });

const editRules = (route: KubeObject, edit: (rules: readonly JsonObject[]) => readonly JsonObject[]): KubeObject =>
  withSpec(route, { http: edit(rulesOf(route, 'http')) });

const newRule: JsonObject = { match: [{ uri: { prefix: '/new' } }], route: [{ destination: { host: 'cart' } }] };

const edits: readonly Edit[] = [
  {
    what: 'a label is added',
    comesBack: 'exact',
    apply: (r) => ({ ...r, metadata: { ...r.metadata, labels: { ...r.metadata.labels, edited: 'yes' } } }),
  },
  {
    what: 'an annotation is added',
    comesBack: 'exact',
    apply: (r) => ({ ...r, metadata: { ...r.metadata, annotations: { ...r.metadata.annotations, edited: 'yes' } } }),
  },
  { what: 'hosts change', comesBack: 'exact', apply: (r) => withSpec(r, { hosts: ['new.example.com'] }) },
  {
    what: 'a rule is put first',
    comesBack: 'exact',
    apply: (r) => editRules(r, (rules) => [newRule, ...rules]),
  },
  {
    what: 'a header is set on destinations of the apex',
    comesBack: 'exact',
    apply: (r) =>
      editRules(r, (rules) =>
        rules.map((rule) =>
          rule['route'] === undefined
            ? rule
            : {
                ...rule,
                route: (rule['route'] as readonly JsonObject[]).map((d) =>
                  hostOf(d).startsWith('web-canary') ? d : { ...d, headers: { response: { add: { seen: '1' } } } },
                ),
              },
        ),
      ),
  },
  {
    what: 'every rule gets a timeout',
    comesBack: 'meaning',
    apply: (r) => editRules(r, (rules) => rules.map((rule) => ({ ...rule, timeout: '9s' }))),
  },
  { what: 'the first rule is removed', comesBack: 'meaning', apply: (r) => editRules(r, (rules) => rules.slice(1)) },
];

trafficContract({
  provider: runner('istio', istio),
  fixtures: 'istio',
  routes: virtualServices,
  lists,
  hostOf,
  edits,
  beside: ['web', 'api'].map((host) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: host, namespace },
    spec: {
      host,
      subsets: [
        { name: 'v1', labels: { track: 'v1' } },
        { name: 'v2', labels: { track: 'admin' } },
      ],
    },
  })),
  isOthers: ({ destination }) => (destination as JsonObject)['subset'] === 'v2',
  claims: (to) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'front', namespace },
    spec: { hosts: ['web'], http: [{ route: [{ destination: { host: to } }] }] },
  }),
  namesake: () => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'web', namespace },
    spec: { hosts: ['elsewhere'], http: [{ route: [{ destination: { host: 'web.elsewhere' } }] }] },
  }),
});
