/** Questions as large as they are taken, each heavy in something that Sluice compares, keeps or quotes. */
import type { Json, JsonObject } from '../../src/values/kube-object.ts';
import { fullDeployment } from '../fixtures/full-deployment.ts';
import { alice, sluice } from './admission-input.ts';
import { withTextAt, type Path } from './hostile-json.ts';

/** Bytes: what is taken is 3 MiB with everything around it. */
const size = 2_900_000;

export const uid = '705ab4f5-6393-11e8-b7cc-42010a800002';
const question = (request: JsonObject): JsonObject => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid,
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    name: 'web',
    namespace: 'shop',
    operation: 'UPDATE',
    userInfo: { username: alice, uid: '1' },
    dryRun: false,
    options: { fieldManager: 'kubectl' },
    ...request,
  },
});
const about = (object: JsonObject, oldObject: JsonObject, more: JsonObject = {}): JsonObject => {
  const [group, version] = (object['apiVersion'] as string).split('/') as [string, string];
  return question({ kind: { group, version, kind: object['kind'] }, object, oldObject, ...more });
};

/** A new image for a Deployment that has all fields. */
export const update = question({
  object: JSON.parse(JSON.stringify(fullDeployment).replace('web:1', 'web:2')) as JsonObject,
  oldObject: fullDeployment,
});

const repeated = (text: string): string => text.repeat(size / text.length);
const keys = (value: string, count: number, name = 'k'): string =>
  `{${Array.from({ length: count }, (_, i) => `"${name}${i}":${value}`).join(',')}}`;
const list = (count: number, item: (i: number) => string): string =>
  `[${Array.from({ length: count }, (_, i) => item(i)).join(',')}]`;
const manyKeys = keys('"v"', 180_000);
const deepest = '{"a":'.repeat(9_000) + '1' + '}'.repeat(9_000);

/** JSON values that are wrong in most places. */
export const heavyValues: readonly (readonly [name: string, json: string])[] = [
  ['a text', `"${repeated('x')}"`],
  ['a list', `[${repeated('0,')}0]`],
  ['a number', repeated('9')],
  ['a list without a bottom', '['.repeat(size / 2) + ']'.repeat(size / 2)],
  ['an object as deep as it may be', deepest],
];

const template: Path = ['request', 'object', 'spec', 'template'];
const metadata: Path = ['request', 'object', 'metadata'];
const spec: Path = ['request', 'object', 'spec'];
const at = (path: Path, json: string): string => withTextAt(update, path, json);
const unknown = keys('"v"', 100_000, 'sluice.dev/k');
const steps: Path = [...metadata, 'annotations', 'sluice.dev/steps'];
const manyVariables = list(80_000, (i) => `{"name":"n${i}"}`);

/** Nothing takes longer to parse. */
export const heaviestToParse = at(template, manyKeys);

type HeavyBody = readonly [name: string, path: string, body: string];

const deployments: readonly (readonly [string, string])[] = [
  ['many annotations of the template', at([...template, 'metadata', 'annotations'], manyKeys)],
  ['many stored labels', at(['request', 'oldObject', 'spec', 'template', 'metadata', 'labels'], manyKeys)],
  ['many fields of the pod', at([...template, 'spec'], manyKeys)],
  ['many fields of a container', at([...template, 'spec', 'containers', 0], manyKeys)],
  ['many keys further inside', at([...template, 'spec', 'nodeSelector'], manyKeys)],
  ['many annotations that Sluice does not know', at([...metadata, 'annotations'], unknown)],
  ['many labels that Sluice does not know', at([...metadata, 'labels'], unknown)],
  [
    'many containers',
    at(
      [...template, 'spec', 'containers'],
      list(100_000, (i) => `{"name":"n${i}"}`),
    ),
  ],
  [
    'many containers of one name',
    at(
      [...template, 'spec', 'containers'],
      list(100_000, () => '{"name":"n"}'),
    ),
  ],
  [
    'many variables in a container with a long name',
    at([...template, 'spec', 'containers', 0], `{"name":"${'x'.repeat(1_000_000)}","env":${manyVariables}}`),
  ],
  [
    'many claims',
    at(
      [...template, 'spec', 'volumes'],
      list(40_000, (i) => `{"name":"v${i}","persistentVolumeClaim":{"claimName":"c${i}"}}`),
    ),
  ],
  [
    'a claim with an endless name',
    at(
      [...template, 'spec', 'volumes'],
      `[{"name":"v","persistentVolumeClaim":{"claimName":"${'x'.repeat(size / 2)}"}}]`,
    ),
  ],
  ['many steps', at(steps, `"${repeated('x,')}"`)],
  ['long steps', at(steps, `"${`${'x'.repeat(29_000)},`.repeat(99)}x"`)],
];

const noting = (services: string): JsonObject => ({
  name: 'shop',
  namespace: 'shop',
  annotations: { 'sluice.dev/split': `{"services":${services}}` },
});
const oneSplit = noting('{"web":{"canary":20,"release":"web-7","weights":{}}}');
const [hundredSplits, manySplits] = [100, 40_000].map((count) => noting(keys('{"canary":20}', count, 'web'))) as [
  JsonObject,
  JsonObject,
];
const noSplit: JsonObject = { name: 'shop', namespace: 'shop' };
const rule = { route: [{ destination: { host: 'web' } }] };
const aRoute = (meta: JsonObject, http: Json = [rule]): JsonObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: meta,
  spec: { hosts: ['web'], http },
});
const aSplit = (meta: JsonObject): JsonObject => ({
  apiVersion: 'split.smi-spec.io/v1alpha2',
  kind: 'TrafficSplit',
  metadata: meta,
  spec: { service: 'web', backends: [{ service: 'web' }] },
});
const aboutRoute = about(aRoute(noSplit), aRoute(oneSplit));
const managed = aRoute({ ...noSplit, managedFields: [{ manager: 'kubectl', fieldsV1: {} }] });
const manyRules = Array.from({ length: 10_000 }, () => rule);

const routes: readonly (readonly [string, string])[] = [
  [
    'many rules',
    withTextAt(
      aboutRoute,
      [...spec, 'http'],
      list(60_000, () => JSON.stringify(rule)),
    ),
  ],
  [
    'many destinations',
    withTextAt(
      aboutRoute,
      [...spec, 'http', 0, 'route'],
      list(80_000, () => '{"destination":{"host":"web"}}'),
    ),
  ],
  [
    'many backends',
    withTextAt(
      about(aSplit(noSplit), aSplit(oneSplit)),
      [...spec, 'backends'],
      list(120_000, () => '{"service":"web"}'),
    ),
  ],
  ['a rule without a bottom', withTextAt(aboutRoute, [...spec, 'http', 0, 'match'], deepest)],
  [
    'a rule deeper than anything is taken',
    withTextAt(aboutRoute, [...spec, 'http', 0, 'match'], '{"a":'.repeat(12_000) + '1' + '}'.repeat(12_000)),
  ],
  ['many splits that were copied', JSON.stringify(about(aRoute(manySplits), aRoute(noSplit)))],
  ['many splits that are stored', JSON.stringify(about(aRoute(noSplit), aRoute(manySplits)))],
  ['a hundred splits in many rules', JSON.stringify(about(aRoute(noSplit, manyRules), aRoute(hundredSplits)))],
  [
    'a list of field managers without a bottom',
    withTextAt(
      about(managed, managed, { userInfo: { username: sluice } }),
      ['request', 'oldObject', 'metadata', 'managedFields', 0, 'fieldsV1'],
      deepest,
    ),
  ],
];

const ours = (kind: string, more: JsonObject): JsonObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind,
  metadata: { name: 'x', namespace: 'shop' },
  ...more,
});
const aPolicy = (selector: JsonObject): JsonObject =>
  ours('CanaryPolicy', { spec: { steps: [5], interval: '30s', selector } });
const aboutPolicy = about(aPolicy({ matchLabels: { a: 'b' } }), aPolicy({ matchLabels: { a: 'c' } }));
const long = 'x'.repeat(size / 2.1);
const endlessReason = {
  name: 'web-5',
  annotations: { 'sluice.dev/request': JSON.stringify({ id: '1', verb: 'abort', reason: long }) },
};

const ofOurs: readonly (readonly [string, string])[] = [
  ['many fields of a policy', withTextAt(aboutPolicy, spec, manyKeys)],
  ['many labels of a policy', withTextAt(aboutPolicy, [...spec, 'selector', 'matchLabels'], manyKeys)],
  ['a policy without a bottom', withTextAt(aboutPolicy, [...spec, 'steps'], deepest)],
  ['an endless duration', withTextAt(aboutPolicy, [...spec, 'interval'], `"${repeated('9')}"`)],
  ['an endless reason', JSON.stringify(about(ours('Release', { metadata: endlessReason }), ours('Release', {})))],
];

/** A write of something that Sluice made. */
export const ofOwned = (annotations: JsonObject, more: JsonObject = {}): string => {
  const labels = { 'app.kubernetes.io/managed-by': 'sluice' };
  const meta = { name: 'web-canary', namespace: 'shop', uid: '1', labels, annotations, ...more };
  const object = { ...fullDeployment, metadata: meta };
  return JSON.stringify(question({ object, oldObject: object }));
};
/** A reason for writing past the guard that fills the body, each another one. */
export const endlessExcuse = (i: number): string => ofOwned({ 'sluice.dev/break-glass': `${i} ${long}` });

/** A new template that is large, but says nothing. */
export const nullTemplate = (i: number): string =>
  at([...template, 'spec', 'containers', 0], `{"name":"app","image":"web:${i + 3}","x":${keys('null', 60_000)}}`);

export const heavyBodies: readonly HeavyBody[] = [
  ...['/mutate', '/validate'].flatMap((path) => deployments.map(([name, body]): HeavyBody => [name, path, body])),
  ...routes.map(([name, body]): HeavyBody => [name, '/mutate', body]),
  ...ofOurs.map(([name, body]): HeavyBody => [name, '/validate', body]),
  ['an endless name', '/validate/owned', ofOwned({}, { name: long })],
  ['an endless workload', '/validate/owned', ofOwned({ 'sluice.dev/workload': long })],
  [
    'an endless label',
    '/validate/owned',
    ofOwned({}, { labels: { 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/release': long } }),
  ],
  ['an endless excuse', '/validate/break-glass', endlessExcuse(0)],
];
