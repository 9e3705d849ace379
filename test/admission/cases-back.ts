import type { Row } from './case.ts';
import type { GivenName } from './givens.ts';
import { ended, held, idle, rolled, rolling, succeeded } from './states.ts';
import { quickly, released, undoing } from './warnings.ts';

const v1 = { 'web.yaml': { version: '1' } } as const;
const v2 = { 'web.yaml': { version: '2' } } as const;
const v3 = { 'web.yaml': { version: '3' } } as const;
const back = ['this template was good before: it rolls back natively, at once'] as const;
const fast = [...back, 'what changed: image of container app: web:2 → web:1'] as const;
const promoted = ['web-2 Succeeded'] as const;
/** Nothing was tried out: a record alone. */
const recorded = { ...rolled('1'), releases: [...promoted, 'web-4 Skipped'] } as const;

/** Versions that were good before. */
export const knownGood: Row<GivenName> = {
  row: 'A version that was promoted before comes back',
  answer:
    'With `rollback: fast` it rolls back natively, at once, and a Skipped Release records the author and both versions. With `rollback: canary` it is a release like any other.',
  cases: [
    {
      name: 'by kubectl rollout undo',
      given: 'promoted',
      run: 'kubectl rollout undo deployment/web',
      see: { exit: 0, says: ['deployment.apps/web rolled back'], warnings: [undoing, ...fast] },
      then: recorded,
      events: ['RolledBack'],
    },
    {
      name: 'by kubectl apply',
      given: 'promoted',
      files: v1,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: fast },
      then: recorded,
      events: ['RolledBack'],
    },
    {
      name: 'by kubectl replace',
      given: 'promoted',
      files: v1,
      run: 'kubectl replace -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web replaced'], warnings: fast },
      then: recorded,
      events: ['RolledBack'],
    },
    {
      name: 'by helm rollback',
      given: 'by Helm, promoted',
      run: 'helm rollback web 1 --wait',
      see: { exit: 0, says: ['Rollback was a success'], warnings: fast },
      then: recorded,
      events: ['RolledBack'],
    },
    {
      name: 'where the policy has rollbacks canaried',
      given: 'promoted',
      with: { 'sluice.dev/rollback': 'canary' },
      run: 'kubectl rollout undo deployment/web',
      see: {
        exit: 0,
        says: ['deployment.apps/web rolled back'],
        warnings: [
          undoing,
          ...released({ ...quickly, name: 'web-4', change: 'image of container app: web:2 → web:1' }),
        ],
      },
      then: succeeded('1', 'web-4', promoted),
    },
  ],
};

const unstuck = 'env POD in app: removed; readinessProbe of container app: changed';

/** While the workload rolls to what was judged good. */
export const midPromotion: Row<GivenName> = {
  row: 'A change while a promoted template rolls out',
  answer:
    'Pods of both versions serve, and both were judged good. A new template is paused, and both keep serving; the previous template rolls back at once.',
  cases: [
    {
      name: 'a new template',
      given: 'promoting',
      files: { 'web.yaml': { version: '3', annotations: { 'sluice.dev/interval': '1h' } } },
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: released({ name: 'web-4', change: `image of container app: web:2 → web:3; ${unstuck}` }),
      },
      then: held('3', { name: 'web-4', earlier: ['web-2 Superseded'] }),
    },
    {
      name: 'the template from before',
      given: 'promoting',
      files: v1,
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: [...back, `what changed: image of container app: web:2 → web:1; ${unstuck}`],
      },
      then: ended('1', 'Aborted'),
    },
    {
      name: 'the same template again',
      given: 'promoting',
      files: { 'web.yaml': { version: '2', stuck: true } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web unchanged'], warnings: [] },
      then: rolling,
    },
    {
      name: 'by helm rollback',
      given: 'by Helm, promoting',
      run: 'helm rollback web 1 --wait',
      see: {
        exit: 0,
        says: ['Rollback was a success'],
        warnings: [...back, `what changed: image of container app: web:2 → web:1; ${unstuck}`],
      },
      then: ended('1', 'Aborted'),
    },
    {
      name: 'kubectl rollout undo',
      given: 'promoting',
      run: 'kubectl rollout undo deployment/web',
      see: {
        exit: 0,
        says: ['deployment.apps/web rolled back'],
        warnings: [undoing, ...back, `what changed: image of container app: web:2 → web:1; ${unstuck}`],
      },
      then: ended('1', 'Aborted'),
    },
  ],
};

/** kubectl rollout restart. */
export const restarts: Row<GivenName> = {
  row: 'Only the restart annotation changes',
  answer:
    'With `restart: canary` a restart is a release like any other; with `restart: native` it rolls natively and is recorded.',
  cases: [
    {
      name: 'kubectl rollout restart',
      given: 'idle, quick',
      run: 'kubectl rollout restart deployment/web',
      see: {
        exit: 0,
        says: ['deployment.apps/web restarted'],
        warnings: released({ ...quickly, change: 'restarted by kubectl' }),
      },
      then: succeeded('1'),
      newPods: true,
    },
    {
      name: 'kubectl rollout restart, where the policy says native',
      given: 'idle',
      with: { 'sluice.dev/restart': 'native' },
      run: 'kubectl rollout restart deployment/web',
      see: {
        exit: 0,
        says: ['deployment.apps/web restarted'],
        warnings: ['the restart rolls natively, as the policy says (restart: native)'],
      },
      then: { ...idle('1'), releases: ['web-2 Skipped'] },
      events: ['Restarted'],
      newPods: true,
    },
    {
      name: 'together with an image it is a release whatever the policy says about restarts',
      given: 'idle',
      with: { 'sluice.dev/restart': 'native' },
      run: `kubectl patch deployment/web -p '{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}},"spec":{"containers":[{"name":"app","image":"web:2"}]}}}}'`,
      see: {
        exit: 0,
        says: ['deployment.apps/web patched'],
        warnings: released({ change: 'restarted by kubectl; image of container app: web:1 → web:2' }),
      },
      then: held('2'),
    },
  ],
};

const waits = (name: string): readonly string[] => [
  `the workload is paused by you: canary release ${name} starts when you resume it with kubectl rollout resume`,
];
const paused = { ...idle('1'), paused: true } as const;
const edited = { ...paused, template: 'web:2', mark: 'web-3 UserPaused' } as const;

/** The user's own pause. */
export const ownPause: Row<GivenName> = {
  row: 'The user pauses the workload',
  answer: "The pause remains the user's. Edits wait until the user resumes; then a release of the last edit starts.",
  cases: [
    {
      name: 'while nothing is going on',
      given: 'idle',
      run: 'kubectl rollout pause deployment/web',
      see: { exit: 0, says: ['deployment.apps/web paused'], warnings: [] },
      then: paused,
    },
    {
      name: 'and resumes without an edit',
      given: 'paused',
      run: 'kubectl rollout resume deployment/web',
      see: { exit: 0, says: ['deployment.apps/web resumed'], warnings: [] },
      then: idle('1'),
    },
    {
      name: 'and edits',
      given: 'paused',
      run: 'kubectl set image deployment/web app=web:2',
      see: { exit: 0, says: ['deployment.apps/web image updated'], warnings: waits('web-3') },
      then: edited,
    },
    {
      name: 'and applies an edited manifest',
      given: 'paused',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: waits('web-3') },
      then: edited,
    },
    {
      name: 'in the write that changes the template',
      given: 'idle',
      files: { 'web.yaml': { version: '2', paused: true } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: waits('web-2') },
      then: { ...edited, mark: 'web-2 UserPaused' },
    },
    {
      name: 'and resumes after the edit',
      given: 'edited',
      run: 'kubectl rollout resume deployment/web',
      see: { exit: 0, says: ['deployment.apps/web resumed'], warnings: released({ name: 'web-3' }).slice(0, 2) },
      then: held('2', { name: 'web-3' }),
      events: ['ReleaseStarted'],
    },
    {
      name: 'and edits again',
      given: 'edited',
      files: v3,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: waits('web-4') },
      then: { ...edited, template: 'web:3', mark: 'web-4 UserPaused' },
    },
    {
      name: 'and takes the edit back: the pause stays theirs',
      given: 'edited',
      files: v1,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [] },
      then: paused,
    },
    {
      name: 'and applies another manifest, which says paused: false',
      given: 'edited',
      files: { 'web.yaml': { version: '3', paused: false } },
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: released({ name: 'web-4', change: 'image of container app: web:2 → web:3' }),
      },
      then: held('3', { name: 'web-4' }),
    },
    {
      name: 'and replaces it by an edited manifest that says nothing of a pause: that resumes, too',
      given: 'paused',
      files: v2,
      run: 'kubectl replace -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web replaced'], warnings: released({ name: 'web-3' }) },
      then: held('2', { name: 'web-3' }),
    },
    {
      name: 'kubectl rollout undo is refused by kubectl itself',
      given: 'promoted, paused',
      run: 'kubectl rollout undo deployment/web',
      see: { exit: 1, says: ['you cannot rollback a paused deployment; resume it first'], warnings: [undoing] },
      then: 'same',
    },
    {
      name: 'kubectl rollout restart is refused by kubectl itself',
      given: 'paused',
      run: 'kubectl rollout restart deployment/web',
      see: { exit: 1, says: ["can't restart paused deployment (run rollout resume first)"], warnings: [] },
      then: 'same',
    },
  ],
};
