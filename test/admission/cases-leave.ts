import type { Row } from './case.ts';
import type { GivenName } from './givens.ts';
import { ended, gone, held, idle, rolled, succeeded } from './states.ts';
import { quickly, released, undoing } from './warnings.ts';

const reason = 'INC-42 hotfix';
const skip = { 'sluice.dev/skip': reason } as const;
const skips = [
  `sluice.dev/skip "${reason}": this template rolls natively, at once, without a canary; it is recorded with your name`,
] as const;

/** Native rolls that people ask for. */
export const skipped: Row<GivenName> = {
  row: '`sluice.dev/skip: "<reason>"`',
  answer:
    'This one template rolls natively, at once. A Skipped Release records the reason and the author. The annotation may stay: it has no effect on later changes.',
  cases: [
    {
      name: 'in the write that changes the template',
      given: 'idle',
      files: { 'web.yaml': { version: '2', annotations: skip } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: skips },
      then: ended('2', 'Skipped'),
    },
    {
      name: 'during the release of the template',
      given: 'running',
      run: `kubectl annotate deployment/web sluice.dev/skip='${reason}'`,
      see: { exit: 0, says: ['deployment.apps/web annotated'], warnings: skips },
      then: ended('2', 'Skipped'),
      events: ['ReleaseSkipped'],
    },
    {
      name: 'after the template has failed',
      given: 'failed',
      run: `kubectl annotate deployment/web sluice.dev/skip='${reason}'`,
      see: { exit: 0, says: ['deployment.apps/web annotated'], warnings: skips },
      then: { ...rolled('2'), releases: ['web-2 Failed', 'web-3 Skipped'] },
    },
    {
      name: 'left over from an earlier change',
      given: 'skipped',
      files: { 'web.yaml': { version: '3', annotations: skip } },
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: [
          ...released({ name: 'web-3', change: 'image of container app: web:2 → web:3' }),
          `sluice.dev/skip "${reason}" is from an earlier change and has no effect on this one; change its text to skip this template`,
        ],
      },
      then: held('3', { over: '2', name: 'web-3', earlier: ['web-2 Skipped'] }),
    },
    {
      name: 'brought back by kubectl rollout undo, which writes the annotations of the old ReplicaSet: it does not count again',
      given: 'skipped, then promoted',
      with: { 'sluice.dev/rollback': 'canary' },
      run: 'kubectl rollout undo deployment/web',
      see: {
        exit: 0,
        says: ['deployment.apps/web rolled back'],
        warnings: [
          undoing,
          ...released({ ...quickly, name: 'web-5', change: 'image of container app: web:3 → web:2' }),
          `sluice.dev/skip "${reason}" is from an earlier change and has no effect on this one; change its text to skip this template`,
        ],
      },
      then: succeeded('2', 'web-5', ['web-2 Skipped', 'web-3 Succeeded']),
    },
    {
      name: 'brought back with its manifest: a version that has served rolls back at once, and is recorded as rolled back',
      given: 'skipped, then promoted',
      files: { 'web.yaml': { version: '2', annotations: skip } },
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: [
          'this template was good before: it rolls back natively, at once',
          'what changed: image of container app: web:3 → web:2',
        ],
      },
      then: { ...rolled('2'), releases: ['web-2 Skipped', 'web-3 Succeeded', 'web-5 Skipped'] },
      events: ['RolledBack'],
    },
    {
      name: 'where there is nothing to skip',
      given: 'idle',
      run: `kubectl annotate deployment/web sluice.dev/skip='${reason}'`,
      see: {
        exit: 0,
        says: ['deployment.apps/web annotated'],
        warnings: [
          `sluice.dev/skip "${reason}" has no effect here: it counts in the write that changes the template, or while a release holds it`,
        ],
      },
      then: idle('1'),
    },
  ],
};

const left = [
  'nothing asks for canary releases of this workload any more: release web-2 ends and the workload rolls natively',
] as const;

/** Opting out. */
export const optedOut: Row<GivenName> = {
  row: 'The workload no longer asks for canary releases',
  answer: 'A running release is aborted, its canary is removed, and the template rolls natively.',
  cases: [
    {
      name: 'the annotation is taken away during a release',
      given: 'running',
      run: 'kubectl annotate deployment/web sluice.dev/canary-',
      see: { exit: 0, says: ['deployment.apps/web annotated'], warnings: left },
      then: ended('2', 'Aborted'),
      events: ['ReleaseAborted'],
    },
    {
      name: 'the annotation says disabled, during a release',
      given: 'running',
      run: 'kubectl annotate deployment/web sluice.dev/canary=disabled --overwrite',
      see: { exit: 0, says: ['deployment.apps/web annotated'], warnings: left },
      then: ended('2', 'Aborted'),
    },
    {
      name: 'after a failure',
      given: 'failed',
      run: 'kubectl annotate deployment/web sluice.dev/canary-',
      see: {
        exit: 0,
        says: ['deployment.apps/web annotated'],
        warnings: [
          'nothing asks for canary releases of this workload any more: the template that has failed in release web-2 rolls natively now',
        ],
      },
      then: ended('2', 'Failed'),
    },
    {
      name: 'together with a new template',
      given: 'idle',
      files: { 'web.yaml': { version: '2', annotations: { 'sluice.dev/canary': 'disabled' } } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [] },
      then: idle('2'),
    },
  ],
};

const wrong = { 'sluice.dev/steps': '120', 'sluice.dev/intervall': '30s' } as const;
const problems = [
  'The Deployment "web" is invalid',
  'sluice.dev/steps: Invalid value: "120"',
  'Did you mean sluice.dev/interval?',
] as const;

/** What is refused. */
export const refused: Row<GivenName> = {
  row: 'The policy cannot be read',
  answer: 'The write is refused with all problems at once: the field, its value and what is allowed.',
  cases: [
    {
      name: 'in a new Deployment',
      given: 'absent',
      files: { 'web.yaml': { version: '1', annotations: wrong } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 1, says: problems, warnings: [] },
      then: gone,
    },
    {
      name: 'in a change of the template',
      given: 'idle',
      files: { 'web.yaml': { version: '2', annotations: wrong } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 1, says: problems, warnings: [] },
      then: 'same',
    },
    {
      name: 'in a server-side apply',
      given: 'server-side',
      files: { 'web.yaml': { version: '2', annotations: wrong } },
      run: 'kubectl apply --server-side -f web.yaml',
      see: { exit: 1, says: problems, warnings: [] },
      then: 'same',
    },
    {
      name: 'in an annotation alone',
      given: 'idle',
      run: 'kubectl annotate deployment/web sluice.dev/steps=50,20 --overwrite',
      see: { exit: 1, says: ['sluice.dev/steps: Invalid value: "50,20"'], warnings: [] },
      then: 'same',
    },
    {
      name: 'in a dry run, too',
      given: 'idle',
      run: 'kubectl annotate deployment/web sluice.dev/interval=soon --overwrite --dry-run=server',
      see: { exit: 1, says: ['sluice.dev/interval: Invalid value: "soon"'], warnings: [] },
      then: 'same',
    },
    {
      name: 'where only the opt-in is misspelt',
      given: 'not opted in',
      run: 'kubectl annotate deployment/web sluice.dev/canray=enabled',
      see: { exit: 1, says: ['Did you mean sluice.dev/canary?'], warnings: [] },
      then: 'same',
    },
    {
      name: 'in kubectl edit, which opens the editor again with the reasons in its first lines',
      given: 'idle',
      run: `KUBE_EDITOR='sed -i -e s,1h,soon, -e /^#.*sluice/w/dev/stdout' kubectl edit deployment/web`,
      see: {
        exit: 1,
        says: ['# * sluice.dev/interval: Invalid value: "soon"', 'Edit cancelled, no valid changes were saved'],
        warnings: [],
      },
      then: 'same',
    },
    {
      name: 'in a helm upgrade',
      given: 'by Helm',
      run: `sed -i 's/"sluice.dev.steps": "50"/"sluice.dev\\/steps": "120"/' chart/templates/deployment.yaml && helm upgrade web ./chart --set version=2`,
      see: { exit: 1, says: ['UPGRADE FAILED', 'sluice.dev/steps "120"'], warnings: [] },
      then: 'same',
    },
  ],
};

const belongs = 'Deployment web-canary belongs to release web-2 of Deployment web and goes with it.';

/** What belongs to Sluice. */
export const guarded: Row<GivenName> = {
  row: 'Somebody else writes to what Sluice made',
  answer:
    'The write is refused, with the reason and what to do instead. [Guards](guards.md) says who may do what, and what happens to routes that are applied again.',
  cases: [
    {
      name: 'another image for the canary',
      given: 'running',
      run: 'kubectl set image deployment/web-canary app=web:3',
      see: { exit: 1, says: [belongs], warnings: [] },
      then: 'same',
    },
    {
      name: 'the canary deleted',
      given: 'running',
      run: 'kubectl delete deployment/web-canary',
      see: { exit: 1, says: [belongs], warnings: [] },
      then: 'same',
    },
    {
      name: 'the canary scaled',
      given: 'running',
      run: 'kubectl scale deployment/web-canary --replicas=3',
      see: {
        exit: 1,
        says: ['Deployment web-canary is the canary of Deployment web, and its release sets its size'],
        warnings: [],
      },
      then: 'same',
    },
    {
      name: 'marks that others write are put right',
      given: 'running',
      run: 'kubectl annotate deployment/web sluice.dev/phase=Promoting sluice.dev/release=web-9 --overwrite',
      see: {
        exit: 0,
        says: ['deployment.apps/web annotated'],
        warnings: [
          'sluice.dev/release, sluice.dev/phase: kept by Sluice alone; what this write says there is not stored',
        ],
      },
      then: held('2'),
    },
    {
      name: 'marks of their own making count for nothing',
      given: 'idle',
      run: 'kubectl annotate deployment/web sluice.dev/phase=Failed sluice.dev/stable-hash=x',
      see: {
        exit: 0,
        says: ['deployment.apps/web annotated'],
        warnings: [
          'sluice.dev/stable-hash, sluice.dev/phase: kept by Sluice alone; what this write says there is not stored',
        ],
      },
      then: idle('1'),
    },
  ],
};
