import type { Row } from './case.ts';
import type { GivenName } from './givens.ts';
import { held, idle, succeeded, twice, rolling } from './states.ts';
import { first, quickly, released } from './warnings.ts';

const v2 = { 'web.yaml': { version: '2' } } as const;
const started = ['ReleaseStarted'] as const;
const only = (spec: object) => ({ 'web.yaml': { spec: { ...spec } } });
const updated = 'deployment.apps/web image updated';
const patched = 'deployment.apps/web patched';
const image = '{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"web:2"}]}}}}';

/** The first changes of a workload that serves. */
export const newTemplate: Row<GivenName> = {
  row: 'The pod template changes',
  answer:
    'The same write pauses the workload, and a release of the new template starts; the stable version keeps serving. This works with any tool.',
  cases: [
    {
      name: 'by kubectl apply',
      given: 'idle',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'and is promoted after its steps',
      given: 'idle, quick',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: released(quickly) },
      then: succeeded('2'),
      events: ['ReleaseStarted', 'ReleaseSucceeded'],
    },
    {
      name: 'by server-side apply of the manager that applied before',
      given: 'server-side',
      files: v2,
      run: 'kubectl apply --server-side -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by the first server-side apply of what kubectl apply made',
      given: 'idle',
      files: v2,
      run: 'kubectl apply --server-side -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by server-side apply of another manager, which needs force',
      given: 'server-side',
      files: v2,
      run: 'kubectl apply --server-side --field-manager=ci --force-conflicts -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by server-side apply of one manager, where another applies the replicas',
      given: 'two managers',
      files: { 'web.yaml': { version: '2', replicas: 'left out' } },
      run: 'kubectl apply --server-side --field-manager=images -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web serverside-applied'],
        warnings: released({ name: 'web-3' }),
      },
      then: twice(held('2', { name: 'web-3' })),
      events: started,
    },
    {
      name: 'by kubectl replace',
      given: 'idle',
      files: v2,
      run: 'kubectl replace -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web replaced'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by a strategic merge patch',
      given: 'idle',
      run: `kubectl patch deployment/web -p '${image}'`,
      see: { exit: 0, says: [patched], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by a merge patch',
      given: 'idle',
      run: `kubectl patch deployment/web --type=merge -p '{"spec":{"template":{"metadata":{"labels":{"tier":"front"}}}}}'`,
      see: { exit: 0, says: [patched], warnings: released({ change: 'label tier: added' }) },
      then: { ...held('2'), template: 'web:1', canary: 'web:1' },
      events: started,
    },
    {
      name: 'by a JSON patch',
      given: 'idle',
      run: `kubectl patch deployment/web --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"web:2"}]'`,
      see: { exit: 0, says: [patched], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by kubectl edit',
      given: 'idle',
      run: `KUBE_EDITOR='sed -i s,web:1,web:2,' kubectl edit deployment/web`,
      see: { exit: 0, says: ['deployment.apps/web edited'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by kubectl set image',
      given: 'idle',
      run: 'kubectl set image deployment/web app=web:2',
      see: { exit: 0, says: [updated], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'by kubectl set env',
      given: 'idle',
      run: 'kubectl set env deployment/web COLOUR=blue',
      see: {
        exit: 0,
        says: ['deployment.apps/web env updated'],
        warnings: released({ change: 'env COLOUR in app: added' }),
      },
      then: { ...held('2'), template: 'web:1', canary: 'web:1' },
      events: started,
    },
    {
      name: 'by kubectl rollout restart',
      given: 'idle',
      run: 'kubectl rollout restart deployment/web',
      see: {
        exit: 0,
        says: ['deployment.apps/web restarted'],
        warnings: released({ change: 'restarted by kubectl' }),
      },
      then: { ...held('2'), template: 'web:1', canary: 'web:1' },
      events: started,
    },
    {
      name: 'by helm upgrade: with --wait it returns at once, since a paused Deployment counts as finished',
      given: 'by Helm',
      run: 'helm upgrade web ./chart --set version=2 --wait',
      see: { exit: 0, says: ['Release "web" has been upgraded'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'and the write says paused: false',
      given: 'idle',
      files: { 'web.yaml': { version: '2', paused: false } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'together with the replicas: the workload is scaled at once, in the version that serves',
      given: 'idle',
      files: { 'web.yaml': { version: '2', replicas: 2 } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: released() },
      then: twice(held('2')),
      events: started,
    },
    {
      name: 'together with opting in',
      given: 'not opted in',
      files: {
        'web.yaml': {
          version: '2',
          annotations: {
            'sluice.dev/canary': 'enabled',
            'sluice.dev/provider': 'kubernetes',
            'sluice.dev/steps': '50',
            'sluice.dev/interval': '1h',
          },
        },
      },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: released() },
      then: held('2'),
      events: started,
    },
  ],
};

/** Writes that show what would be, and writes that are refused before Sluice is asked. */
export const onlyShown: Row<GivenName> = {
  row: 'Nothing is to be stored',
  answer:
    'A dry run gets the same answer as the real write, including the pause and the warnings. Nothing is stored and no release starts.',
  cases: [
    {
      name: 'kubectl diff shows the pause and exits with 1, as for any difference',
      given: 'idle',
      files: v2,
      run: 'kubectl diff -f web.yaml',
      see: {
        exit: 1,
        says: ['+  paused: true', '-        image: web:1', '+        image: web:2'],
        warnings: released(),
      },
      then: 'same',
    },
    {
      name: 'kubectl diff of what is there exits with 0',
      given: 'idle',
      files: { 'web.yaml': { version: '1' } },
      run: 'kubectl diff -f web.yaml',
      see: { exit: 0, says: [''], warnings: [] },
      then: 'same',
    },
    {
      name: 'kubectl diff of the version that is being released exits with 0',
      given: 'running',
      files: v2,
      run: 'kubectl diff -f web.yaml',
      see: { exit: 0, says: [''], warnings: [] },
      then: 'same',
    },
    {
      name: 'kubectl diff of the version before shows that the release would end',
      given: 'running',
      files: { 'web.yaml': { version: '1' } },
      run: 'kubectl diff -f web.yaml',
      see: {
        exit: 1,
        says: ['-  paused: true', '+        image: web:1'],
        warnings: ['release web-2 is aborted: this is the template that serves'],
      },
      then: 'same',
    },
    {
      name: 'kubectl diff of another template, after a failure',
      given: 'failed',
      files: { 'web.yaml': { version: '3', annotations: { 'sluice.dev/interval': '1h' } } },
      run: 'kubectl diff -f web.yaml',
      see: {
        exit: 1,
        says: ['-        image: web:2', '+        image: web:3'],
        warnings: [
          'the failed template of release web-2 is replaced',
          ...released({ name: 'web-3', change: 'image of container app: web:2 → web:3' }),
        ],
      },
      then: 'same',
    },
    {
      name: 'kubectl diff while a promoted template rolls out shows that a new one would wait',
      given: 'promoting',
      files: { 'web.yaml': { version: '3', stuck: true, annotations: { 'sluice.dev/interval': '1h' } } },
      run: 'kubectl diff -f web.yaml',
      see: {
        exit: 1,
        says: ['+  paused: true', '+        image: web:3'],
        warnings: released({ name: 'web-4', change: 'image of container app: web:2 → web:3' }),
      },
      then: rolling,
    },
    {
      name: 'a dry run of the resume of a workload that the user has paused and edited',
      given: 'edited',
      run: `kubectl patch deployment/web --type=merge -p '{"spec":{"paused":false}}' --dry-run=server`,
      see: {
        exit: 0,
        says: ['deployment.apps/web patched'],
        warnings: released({ name: 'web-3' }).slice(0, 2),
      },
      then: 'same',
    },
    {
      name: 'kubectl apply --dry-run=server',
      given: 'idle',
      files: v2,
      run: 'kubectl apply --dry-run=server -o yaml -f web.yaml',
      see: { exit: 0, says: ['  paused: true', 'sluice.dev/release: web-2'], warnings: released() },
      then: 'same',
    },
    {
      name: 'kubectl apply --server-side --dry-run=server, during a release',
      given: 'running, server-side',
      files: { 'web.yaml': { version: '3' } },
      run: 'kubectl apply --server-side --dry-run=server -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web serverside-applied (server dry run)'],
        warnings: [
          'release web-2 is superseded by this change',
          ...released({ name: 'web-3', change: 'image of container app: web:2 → web:3' }),
        ],
      },
      then: 'same',
    },
    {
      name: 'kubectl set image --dry-run=server',
      given: 'idle',
      run: 'kubectl set image deployment/web app=web:2 --dry-run=server',
      see: { exit: 0, says: [`${updated} (server dry run)`], warnings: released() },
      then: 'same',
    },
    {
      name: 'a server-side apply that meets the fields of another manager is refused by the API server',
      given: 'server-side',
      files: v2,
      run: 'kubectl apply --server-side --field-manager=ci -f web.yaml',
      see: { exit: 1, says: ['Apply failed with 1 conflict: conflict with "kubectl"'], warnings: [] },
      then: 'same',
    },
    {
      name: 'kubectl create of a Deployment that exists is refused by the API server',
      given: 'idle',
      files: v2,
      run: 'kubectl create -f web.yaml',
      see: {
        exit: 1,
        says: ['deployments.apps "web" already exists'],
        warnings: [first],
      },
      then: 'same',
    },
  ],
};

/** Writes that are none of a release's business. */
export const untouched: Row<GivenName> = {
  row: 'The pod template does not change',
  answer:
    'The write does not reach Sluice, or Sluice changes nothing: scaling, labels, the status and everything else work as usual.',
  cases: [
    {
      name: 'kubectl scale',
      given: 'idle',
      run: 'kubectl scale deployment/web --replicas=2',
      see: { exit: 0, says: ['deployment.apps/web scaled'], warnings: [] },
      then: twice(idle('1')),
    },
    {
      name: 'kubectl scale during a release: the version before is scaled, and the canary with it',
      given: 'running',
      run: 'kubectl scale deployment/web --replicas=2',
      see: { exit: 0, says: ['deployment.apps/web scaled'], warnings: [] },
      then: twice(held('2')),
    },
    {
      name: 'kubectl label',
      given: 'running',
      run: 'kubectl label deployment/web team=shop',
      see: { exit: 0, says: ['deployment.apps/web labeled'], warnings: [] },
      then: held('2'),
    },
    {
      name: 'a server-side apply of the replicas by their own manager, during a release',
      given: 'running, two managers',
      files: only({ replicas: 1 }),
      run: 'kubectl apply --server-side --field-manager=scaler -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: [] },
      then: held('2', { name: 'web-3' }),
    },
    {
      name: 'an annotation that says how to release: it counts from the next release on',
      given: 'running',
      run: 'kubectl annotate deployment/web sluice.dev/interval=2h --overwrite',
      see: {
        exit: 0,
        says: ['deployment.apps/web annotated'],
        warnings: [
          'release web-2 goes on by the policy it started with; what is changed here counts from the next one on, and for this one only while it is Pending',
        ],
      },
      then: held('2'),
    },
    {
      name: 'any change of a workload that has not opted in',
      given: 'not opted in',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [] },
      then: idle('2'),
    },
    {
      name: 'annotations without the one that opts in',
      given: 'not opted in',
      run: 'kubectl annotate deployment/web sluice.dev/steps=50',
      see: {
        exit: 0,
        says: ['deployment.apps/web annotated'],
        warnings: [
          'the sluice.dev/ annotations have no effect without sluice.dev/canary: enabled (or sluice.dev/policy)',
        ],
      },
      then: idle('1'),
    },
    {
      name: 'opting in',
      given: 'not opted in',
      run: 'kubectl annotate deployment/web sluice.dev/canary=enabled',
      see: { exit: 0, says: ['deployment.apps/web annotated'], warnings: [] },
      then: idle('1'),
    },
  ],
};
