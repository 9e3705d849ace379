import type { Row } from './case.ts';
import type { GivenName } from './givens.ts';
import { ended, gone, held, idle, rolled, twice } from './states.ts';

const v2 = { 'web.yaml': { version: '2' } } as const;
const unanswered = 'failed calling webhook "deployments.sluice.dev"';

/** The webhook is away, and its configuration says that it must be asked. */
export const refusedMeanwhile: Row<GivenName> = {
  row: 'The webhook does not answer (`failurePolicy: Fail`, the default)',
  answer:
    'The API server refuses writes that a release depends on; try again when the webhook is back. Everything else works as usual, including scaling, deletions and workloads that have not opted in.',
  webhook: 'Fail',
  cases: [
    {
      name: 'a new template',
      given: 'idle',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 1, says: [unanswered], warnings: [] },
      then: 'same',
    },
    {
      name: 'lifting the pause of a release',
      given: 'running',
      run: 'kubectl rollout resume deployment/web',
      see: { exit: 1, says: [unanswered], warnings: [] },
      then: 'same',
    },
    {
      name: 'scaling during a release',
      given: 'running',
      run: 'kubectl scale deployment/web --replicas=2',
      see: { exit: 0, says: ['deployment.apps/web scaled'], warnings: [] },
      then: twice(held('2')),
    },
    {
      name: 'a label',
      given: 'idle',
      run: 'kubectl label deployment/web team=shop',
      see: { exit: 0, says: ['deployment.apps/web labeled'], warnings: [] },
      then: idle('1'),
    },
    {
      name: 'deleting the workload during a release',
      given: 'running',
      run: 'kubectl delete deployment/web',
      see: { exit: 0, says: ['deployment.apps "web" deleted from shop namespace'], warnings: [] },
      then: gone,
    },
    {
      name: 'a new template of a workload that has not opted in',
      given: 'not opted in',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [] },
      then: idle('2'),
    },
  ],
};

/** The webhook is away, and its configuration lets writes pass. */
export const bypassed: Row<GivenName> = {
  row: 'The webhook does not answer (`failurePolicy: Ignore`)',
  answer:
    'Writes are stored as sent, without a warning. The controller detects them later: it records a native roll as a Bypassed Release, and starts a release for a paused workload with a new template.',
  webhook: 'Ignore',
  cases: [
    {
      name: 'a new template',
      given: 'idle',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [] },
      then: { ...rolled('2'), releases: ['web-2 Bypassed'] },
      events: ['ReleaseBypassed'],
    },
    {
      name: 'lifting the pause of a release',
      given: 'running',
      run: 'kubectl rollout resume deployment/web',
      see: { exit: 0, says: ['deployment.apps/web resumed'], warnings: [] },
      then: ended('2', 'Bypassed'),
      events: ['ReleaseBypassed'],
    },
    {
      name: 'another template during a release',
      given: 'running',
      files: { 'web.yaml': { version: '3' } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [] },
      then: held('3', { name: 'web-4', earlier: ['web-2 Superseded'] }),
      events: ['WebhookAway', 'ReleaseSuperseded'],
    },
    {
      name: 'the template that serves, during a release',
      given: 'running',
      files: { 'web.yaml': { version: '1' } },
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: [] },
      then: ended('1', 'Aborted'),
      events: ['ReleaseAborted'],
    },
  ],
};
