import type { Row } from './case.ts';
import type { GivenName } from './givens.ts';
import { held } from './states.ts';
import { released } from './warnings.ts';

const v2 = { 'web.yaml': { version: '2' } } as const;
const started = ['ReleaseStarted'] as const;

export const newTemplate: Row<GivenName> = {
  row: 'The pod template changes',
  answer:
    'The workload is paused in that very write and a release of the new template begins; the version before keeps serving.',
  cases: [
    {
      name: 'kubectl apply',
      given: 'idle',
      files: v2,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web configured'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'kubectl apply on the server side, by the manager that applied before',
      given: 'server-side',
      files: v2,
      run: 'kubectl apply --server-side -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: released() },
      then: held('2'),
      events: started,
    },
    {
      name: 'helm upgrade --wait returns at once: a paused Deployment is finished for Helm',
      given: 'by Helm',
      run: 'helm upgrade web ./chart --set version=2 --wait',
      see: { exit: 0, says: ['Release "web" has been upgraded'], warnings: released() },
      then: held('2'),
      events: started,
    },
  ],
};
