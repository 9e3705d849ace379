/** How cases begin: each situation a workload can be in, and the way there. */
import type { Labels } from '../../src/values/kube-object.ts';
import type { Given, State } from './case.ts';
import { ended, failed, held, idle, rolled, rolling, succeeded, twice } from './states.ts';

const base: Labels = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1h',
};
/** A release goes through in a moment; nobody measures anything. */
const quick: Labels = { ...base, 'sluice.dev/interval': '1s', 'sluice.dev/no-data': 'pass' };
/** And here it fails, since nothing can be measured. */
const failing: Labels = { ...quick, 'sluice.dev/no-data': 'fail', 'sluice.dev/threshold': '1' };

const v1 = { version: '1' } as const;
const apply = 'kubectl apply -f web.yaml';
const applied = (version: string, until: State) => ({ run: apply, files: { 'web.yaml': { version } }, until });
const onV1 = { start: v1, started: idle('1') } as const;
const images = (version: string, until: State) => ({
  run: 'kubectl apply --server-side --field-manager=images -f web.yaml',
  files: { 'web.yaml': { version, replicas: 'left out' } } as const,
  until,
});
const scaled = {
  run: 'kubectl apply --server-side --field-manager=scaler --force-conflicts -f web.yaml',
  files: { 'web.yaml': { spec: { replicas: 2 } } },
} as const;
/** The user's own, as it is in Git. */
export const route = {
  kind: 'VirtualService',
  spec: { hosts: ['web'], http: [{ route: [{ destination: { host: 'web' } }] }] },
} as const;
const broken: State = { ...idle('1'), template: 'web:missing', serves: [] };

const all = {
  absent: { words: 'there is no such Deployment', annotations: base },
  idle: { words: 'web:1 serves', annotations: base, ...onV1 },
  'idle, quick': { words: 'web:1 serves', annotations: quick, ...onV1 },
  'server-side': {
    words: 'web:1 serves, applied with --server-side',
    annotations: base,
    steps: [{ run: 'kubectl apply --server-side -f web.yaml', files: { 'web.yaml': v1 }, until: idle('1') }],
  },
  running: {
    words: 'a release of web:2 is under way',
    annotations: base,
    ...onV1,
    steps: [applied('2', held('2'))],
  },
  'running, server-side': {
    words: 'a release of web:2 is under way, applied with --server-side',
    annotations: base,
    steps: [
      { run: 'kubectl apply --server-side -f web.yaml', files: { 'web.yaml': v1 }, until: idle('1') },
      {
        run: 'kubectl apply --server-side -f web.yaml',
        files: { 'web.yaml': { version: '2' } },
        until: held('2'),
      },
    ],
  },
  'two managers': {
    words: 'web:1 serves, applied on the server side by two managers: one of everything but the replicas, one of these',
    annotations: base,
    steps: [images('1', idle('1')), { ...scaled, until: twice(idle('1')) }],
  },
  'running, two managers': {
    words: 'the same, and a release of web:2 is under way',
    annotations: base,
    steps: [
      images('1', idle('1')),
      { ...scaled, until: twice(idle('1')) },
      images('2', twice(held('2', { name: 'web-3' }))),
    ],
  },
  failed: {
    words: 'the release of web:2 has failed',
    annotations: failing,
    ...onV1,
    steps: [applied('2', failed('2'))],
  },
  reverted: {
    words: 'the release of web:2 has failed and web:1 was put back (on-failure: revert)',
    annotations: { ...failing, 'sluice.dev/on-failure': 'revert' },
    ...onV1,
    steps: [applied('2', ended('1', 'Failed'))],
  },
  promoted: {
    words: 'web:2 was promoted over web:1',
    annotations: quick,
    ...onV1,
    steps: [applied('2', succeeded('2'))],
  },
  'promoted, running': {
    words: 'web:2 was promoted over web:1 and a release of web:3 is under way',
    annotations: quick,
    ...onV1,
    steps: [
      applied('2', succeeded('2')),
      {
        run: apply,
        files: { 'web.yaml': { version: '3', annotations: { 'sluice.dev/interval': '1h' } } },
        until: held('3', { over: '2', name: 'web-4', earlier: ['web-2 Succeeded'] }),
      },
    ],
  },
  skipped: {
    words: 'web:2 was let through by a skip',
    annotations: base,
    ...onV1,
    steps: [
      {
        run: apply,
        files: { 'web.yaml': { version: '2', annotations: { 'sluice.dev/skip': 'INC-42 hotfix' } } },
        until: { ...rolled('2'), releases: ['web-2 Skipped'] },
      },
    ],
  },
  'skipped, then promoted': {
    words: 'web:2 was let through by a skip, and web:3, without one, was promoted over it',
    annotations: quick,
    ...onV1,
    steps: [
      {
        run: apply,
        files: { 'web.yaml': { version: '2', annotations: { 'sluice.dev/skip': 'INC-42 hotfix' } } },
        until: { ...rolled('2'), releases: ['web-2 Skipped'] },
      },
      applied('3', succeeded('3', 'web-3', ['web-2 Skipped'])),
    ],
  },
  paused: {
    words: 'the user has paused web:1',
    annotations: base,
    ...onV1,
    steps: [{ run: 'kubectl rollout pause deployment/web', until: { ...idle('1'), paused: true } }],
  },
  'promoted, paused': {
    words: 'web:2 was promoted over web:1, and the user has paused it',
    annotations: quick,
    ...onV1,
    steps: [
      applied('2', succeeded('2')),
      { run: 'kubectl rollout pause deployment/web', until: { ...succeeded('2'), paused: true } },
    ],
  },
  edited: {
    words: 'the user has paused web:1 and set web:2',
    annotations: base,
    ...onV1,
    steps: [
      { run: 'kubectl rollout pause deployment/web', until: { ...idle('1'), paused: true } },
      {
        run: 'kubectl set image deployment/web app=web:2',
        until: { ...idle('1'), template: 'web:2', paused: true, mark: 'web-3 UserPaused' },
      },
    ],
  },
  promoting: {
    words: 'web:2 was good and rolls out, but its pods do not become ready',
    annotations: quick,
    ...onV1,
    steps: [
      {
        run: apply,
        files: { 'web.yaml': { version: '2', stuck: true } },
        until: rolling,
      },
    ],
  },
  broken: {
    words: 'no pod has ever been available',
    annotations: base,
    start: { version: 'missing' },
    started: broken,
  },
  'at 0': {
    words: 'the workload has 0 replicas',
    annotations: base,
    start: { version: '1', replicas: 0 },
    started: { ...idle('1'), serves: [] },
  },
  'running, with a route': {
    words: 'a release of web:2 is under way, and half of the requests of the VirtualService web go to the canary',
    annotations: { ...base, 'sluice.dev/provider': 'istio' },
    ...onV1,
    steps: [
      { run: 'kubectl apply -f route.yaml', files: { 'route.yaml': route }, until: idle('1') },
      applied('2', held('2')),
      {
        run: `kubectl wait virtualservice/web --timeout=60s --for=jsonpath='{.spec.http[0].route[1].weight}'=50`,
        until: held('2'),
      },
    ],
  },
  'not opted in': { words: 'the workload has not opted in', annotations: {}, ...onV1 },
  'by Helm': {
    words: 'web:1 was installed by Helm',
    annotations: base,
    steps: [{ run: 'helm install web ./chart --set version=1', until: idle('1') }],
  },
  'by Helm, running': {
    words: 'a release of web:2 is under way, upgraded by Helm',
    annotations: base,
    steps: [
      { run: 'helm install web ./chart --set version=1', until: idle('1') },
      { run: 'helm upgrade web ./chart --set version=2', until: held('2') },
    ],
  },
  'by Helm, failed': {
    words: 'web:1 was installed by Helm, and the release of its upgrade to web:2 has failed',
    annotations: failing,
    steps: [
      { run: 'helm install web ./chart --set version=1', until: idle('1') },
      { run: 'helm upgrade web ./chart --set version=2', until: failed('2') },
    ],
  },
  'by Helm, promoting': {
    words: 'web:2 came by Helm, was good and rolls out, but its pods do not become ready',
    annotations: quick,
    steps: [
      { run: 'helm install web ./chart --set version=1', until: idle('1') },
      {
        run: 'helm upgrade web ./chart',
        files: { 'chart/templates/deployment.yaml': { version: '2', stuck: true } },
        until: rolling,
      },
    ],
  },
  'by Helm, promoted': {
    words: 'web:1 was installed and web:2 promoted by Helm',
    annotations: quick,
    steps: [
      { run: 'helm install web ./chart --set version=1', until: idle('1') },
      { run: 'helm upgrade web ./chart --set version=2', until: succeeded('2') },
    ],
  },
} as const satisfies { readonly [name: string]: Given };

export type GivenName = keyof typeof all;
export const givens: { readonly [name in GivenName]: Given } = all;
