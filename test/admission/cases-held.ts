import type { Row } from './case.ts';
import type { GivenName } from './givens.ts';
import { ended, failed, held } from './states.ts';
import { failedAgain, failure, keptPaused, released, superseded, undoing } from './warnings.ts';

const v1 = { 'web.yaml': { version: '1' } } as const;
const v2 = { 'web.yaml': { version: '2' } } as const;
const v3 = { 'web.yaml': { version: '3' } } as const;
const patched = 'deployment.apps/web patched';

/** The release's own template again. */
export const sameAgain: Row<GivenName> = {
  row: 'The template that is being released comes again',
  answer:
    'Nothing changes, however often it happens: a GitOps tool may apply it every minute. If a write drops the pause or the marks, they are restored.',
  cases: [
    {
      name: 'by kubectl apply',
      given: 'running',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web unchanged'], warnings: [] },
      then: 'same',
    },
    {
      name: 'by server-side apply, three times',
      given: 'running, server-side',
      files: v2,
      run: 'for i in 1 2 3; do kubectl apply --server-side -f web.yaml; done',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: [] },
      then: held('2'),
    },
    {
      name: 'by kubectl replace, which drops pause and marks',
      given: 'running',
      files: v2,
      run: 'kubectl replace -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web replaced'], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'by kubectl set image',
      given: 'running',
      run: 'kubectl set image deployment/web app=web:2',
      see: { exit: 0, says: [''], warnings: [] },
      then: 'same',
    },
    {
      name: 'by helm upgrade',
      given: 'by Helm, running',
      run: 'helm upgrade web ./chart --set version=2',
      see: { exit: 0, says: ['Release "web" has been upgraded'], warnings: [] },
      then: held('2'),
    },
  ],
};

/** What a tool that heals itself does after a failure. */
export const failedAgainRow: Row<GivenName> = {
  row: 'A template that failed and was put back comes again',
  answer:
    'No release starts: the template is held with the Release that tells of the failure, as with `on-failure: hold`, until `kubectl sluice retry`. The same holds for a template that was aborted by `kubectl sluice abort`.',
  cases: [
    {
      name: 'F7: by a tool that applies what is in Git every minute',
      given: 'reverted',
      files: v2,
      run: 'for i in 1 2 3 4 5; do kubectl apply -f web.yaml; done',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: failedAgain },
      then: failed('2'),
    },
    {
      name: 'F7: by server-side apply',
      given: 'reverted',
      files: v2,
      run: 'kubectl apply --server-side --force-conflicts -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: failedAgain },
      then: failed('2'),
    },
  ],
};

/** A third template. */
export const anotherTemplate: Row<GivenName> = {
  row: 'Another template during a release',
  answer:
    'The running release ends as Superseded and its canary is removed; a release of the new template starts. The stable version keeps serving.',
  cases: [
    {
      name: 'by kubectl apply',
      given: 'running',
      files: v3,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: superseded },
      then: held('3', { name: 'web-3', earlier: ['web-2 Superseded'] }),
      events: ['ReleaseSuperseded', 'ReleaseStarted'],
    },
    {
      name: 'by server-side apply',
      given: 'running, server-side',
      files: v3,
      run: 'kubectl apply --server-side -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: superseded },
      then: held('3', { name: 'web-3', earlier: ['web-2 Superseded'] }),
    },
    {
      name: 'by kubectl set image',
      given: 'running',
      run: 'kubectl set image deployment/web app=web:3',
      see: { exit: 0, says: ['deployment.apps/web image updated'], warnings: superseded },
      then: held('3', { name: 'web-3', earlier: ['web-2 Superseded'] }),
    },
    {
      name: 'by helm upgrade',
      given: 'by Helm, running',
      run: 'helm upgrade web ./chart --set version=3 --wait',
      see: { exit: 0, says: ['Release "web" has been upgraded'], warnings: superseded },
      then: held('3', { name: 'web-3', earlier: ['web-2 Superseded'] }),
    },
    {
      name: 'kubectl rollout restart is refused by kubectl itself',
      given: 'running',
      run: 'kubectl rollout restart deployment/web',
      see: { exit: 1, says: ["can't restart paused deployment (run rollout resume first)"], warnings: [] },
      then: 'same',
    },
  ],
};

const aborted = ['release web-2 is aborted: this is the template that serves'] as const;

/** The way back. */
export const stableBack: Row<GivenName> = {
  row: 'The template that serves comes back',
  answer:
    'The release ends as Aborted and the pause is removed. No pod changes, because the requested template already serves.',
  cases: [
    {
      name: 'by kubectl apply',
      given: 'running',
      files: v1,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: aborted },
      then: ended('1', 'Aborted'),
      events: ['ReleaseAborted'],
    },
    {
      name: 'by server-side apply',
      given: 'running, server-side',
      files: v1,
      run: 'kubectl apply --server-side -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: aborted },
      then: ended('1', 'Aborted'),
    },
    {
      name: 'by kubectl replace',
      given: 'running',
      files: v1,
      run: 'kubectl replace -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web replaced'], warnings: aborted },
      then: ended('1', 'Aborted'),
    },
    {
      name: 'by kubectl set image',
      given: 'running',
      run: 'kubectl set image deployment/web app=web:1',
      see: { exit: 0, says: ['deployment.apps/web image updated'], warnings: aborted },
      then: ended('1', 'Aborted'),
    },
    {
      name: 'by helm rollback',
      given: 'by Helm, running',
      run: 'helm rollback web 1 --wait',
      see: { exit: 0, says: ['Rollback was a success'], warnings: aborted },
      then: ended('1', 'Aborted'),
    },
    {
      name: 'kubectl rollout undo is refused by kubectl itself; its advice to resume does not help',
      given: 'promoted, running',
      run: 'kubectl rollout undo deployment/web',
      see: { exit: 1, says: ['you cannot rollback a paused deployment; resume it first'], warnings: [undoing] },
      then: 'same',
    },
  ],
};

/** Attempts to unpause. */
export const unpaused: Row<GivenName> = {
  row: 'Somebody lifts the pause of a release',
  answer:
    'The pause stays: only the release decides when its template rolls, and a resume is not an approval. The warning names the commands that decide.',
  cases: [
    {
      name: 'kubectl rollout resume',
      given: 'running',
      run: 'kubectl rollout resume deployment/web',
      see: { exit: 0, says: ['deployment.apps/web resumed'], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'a merge patch',
      given: 'running',
      run: `kubectl patch deployment/web --type=merge -p '{"spec":{"paused":false}}'`,
      see: { exit: 0, says: ['deployment.apps/web patched'], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'a strategic merge patch',
      given: 'running',
      run: `kubectl patch deployment/web -p '{"spec":{"paused":null}}'`,
      see: { exit: 0, says: [patched], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'a JSON patch',
      given: 'running',
      run: `kubectl patch deployment/web --type=json -p '[{"op":"remove","path":"/spec/paused"}]'`,
      see: { exit: 0, says: [patched], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'kubectl edit',
      given: 'running',
      run: `KUBE_EDITOR='sed -i /paused:/d' kubectl edit deployment/web`,
      see: { exit: 0, says: ['deployment.apps/web edited'], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'kubectl apply of a manifest that says paused: false',
      given: 'running',
      files: { 'web.yaml': { version: '2', paused: false } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'server-side apply of a manifest that says paused: false, which needs force: the pause is owned by the write that made it',
      given: 'running, server-side',
      files: { 'web.yaml': { version: '2', paused: false } },
      run: 'kubectl apply --server-side --force-conflicts -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: keptPaused },
      then: held('2'),
    },
    {
      name: 'kubectl rollout pause: kubectl says that it is paused already',
      given: 'running',
      run: 'kubectl rollout pause deployment/web',
      see: { exit: 1, says: ['deployments.apps "web" is already paused'], warnings: [] },
      then: 'same',
    },
    {
      name: 'after a failure, by kubectl rollout resume',
      given: 'failed',
      run: 'kubectl rollout resume deployment/web',
      see: { exit: 0, says: ['deployment.apps/web resumed'], warnings: failure },
      then: failed('2'),
    },
  ],
};

const replaced = ['the failed template of release web-2 is replaced'] as const;
const third = { name: 'web-3', change: 'image of container app: web:2 → web:3' };

/** After a failure. */
export const failedTemplate: Row<GivenName> = {
  row: 'The template has failed',
  answer:
    'It stays in the spec, paused, while the stable version serves. The warning says why it failed and how to retry. Another template starts a new release; the stable template ends the hold.',
  cases: [
    {
      name: 'it comes again, unchanged',
      given: 'failed',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web unchanged'], warnings: [] },
      then: 'same',
    },
    {
      name: 'it comes again by kubectl replace',
      given: 'failed',
      files: v2,
      run: 'kubectl replace -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web replaced'], warnings: failure },
      then: failed('2'),
    },
    {
      name: 'it comes again by helm upgrade, which finds nothing to write',
      given: 'by Helm, failed',
      run: 'helm upgrade web ./chart --set version=2',
      see: { exit: 0, says: ['Release "web" has been upgraded'], warnings: [] },
      then: 'same',
    },
    {
      name: 'kubectl rollout undo finds nothing: the failed template has never rolled',
      given: 'failed',
      run: 'kubectl rollout undo deployment/web',
      see: { exit: 1, says: ['no rollout history found for deployment'], warnings: [undoing] },
      then: 'same',
    },
    {
      name: 'helm rollback takes it back',
      given: 'by Helm, failed',
      run: 'helm rollback web 1 --wait',
      see: { exit: 0, says: ['Rollback was a success'], warnings: aborted },
      then: ended('1', 'Failed'),
    },
    {
      name: 'kubectl rollout status says that it has failed',
      given: 'failed',
      run: 'kubectl rollout status deployment/web',
      see: { exit: 1, says: ['error: deployment "web" exceeded its progress deadline'], warnings: [] },
      then: 'same',
    },
    {
      name: 'another template',
      given: 'failed',
      files: { 'web.yaml': { version: '3', annotations: { 'sluice.dev/interval': '1h' } } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [...replaced, ...released(third)] },
      then: held('3', { name: 'web-3', earlier: ['web-2 Failed'] }),
      events: ['ReleaseFailed', 'ReleaseStarted'],
    },
    {
      name: 'the template before',
      given: 'failed',
      files: v1,
      run: 'kubectl apply -f web.yaml && kubectl rollout status deployment/web',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured', 'deployment "web" successfully rolled out'],
        warnings: aborted,
      },
      then: ended('1', 'Failed'),
    },
  ],
};
