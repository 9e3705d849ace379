import type { Row } from './case.ts';
import type { GivenName } from './givens.ts';
import { gone, idle } from './states.ts';
import { first } from './warnings.ts';

const v1 = { 'web.yaml': { version: '1' } } as const;
const natively = (why: string): string =>
  `this change rolls natively: ${why}, so there is nothing to compare a canary with`;

/** Writes with nothing that a canary could be compared with. */
export const nothingServes: Row<GivenName> = {
  row: 'There is nothing to compare with',
  answer:
    'New Deployments, Deployments with 0 replicas and Deployments without an available pod roll natively: a first version must come up, and a fix must get through.',
  cases: [
    {
      name: 'kubectl apply of a new one',
      given: 'absent',
      files: v1,
      run: 'kubectl apply -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web created'], warnings: [first] },
      then: idle('1'),
    },
    {
      name: 'server-side apply of a new one',
      given: 'absent',
      files: v1,
      run: 'kubectl apply --server-side -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web serverside-applied'], warnings: [first] },
      then: idle('1'),
    },
    {
      name: 'kubectl create',
      given: 'absent',
      files: v1,
      run: 'kubectl create -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web created'], warnings: [first] },
      then: idle('1'),
    },
    {
      name: 'helm install',
      given: 'absent',
      run: 'helm install web ./chart --set version=1 --wait',
      see: { exit: 0, says: ['STATUS: deployed'], warnings: [first] },
      then: idle('1'),
    },
    {
      name: 'kubectl replace --force deletes the Deployment and makes a new one',
      given: 'idle',
      files: { 'web.yaml': { version: '2' } },
      run: 'kubectl replace --force -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps "web" deleted from shop namespace', 'deployment.apps/web replaced'],
        warnings: [first],
      },
      then: idle('2'),
    },
    {
      name: 'a change at 0 replicas',
      given: 'at 0',
      run: 'kubectl set image deployment/web app=web:2',
      see: {
        exit: 0,
        says: ['deployment.apps/web image updated'],
        warnings: [natively('the workload was scaled to 0')],
      },
      then: { ...idle('2'), serves: [] },
    },
    {
      name: 'a change that also scales up from 0',
      given: 'at 0',
      files: { 'web.yaml': { version: '2' } },
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: [natively('the workload was scaled to 0')],
      },
      then: idle('2'),
    },
    {
      name: 'a change that also scales to 0',
      given: 'idle',
      files: { 'web.yaml': { version: '2', replicas: 0 } },
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: [natively('the workload is being scaled to 0')],
      },
      then: { ...idle('2'), serves: [] },
    },
    {
      name: 'the fix of a version that never came up',
      given: 'broken',
      files: { 'web.yaml': { version: '2' } },
      run: 'kubectl apply -f web.yaml',
      see: {
        exit: 0,
        says: ['deployment.apps/web configured'],
        warnings: [natively('no pod of the version before is available')],
      },
      then: idle('2'),
    },
  ],
};

/** Helm installs kinds that it does not know after Deployments. */
export const policyLate: Row<GivenName> = {
  row: 'The policy that the workload names does not exist yet',
  answer:
    'A chart or a folder may bring its policy in any order. The first version rolls, with a warning. A later template is held, Pending with the reason `PolicyMissing`, and its release starts by itself once the policy is there. A policy that is there and wrong is refused.',
  cases: [
    {
      name: 'F11: by a chart that brings its own policy, with --atomic',
      given: 'absent',
      with: { 'sluice.dev/policy': 'web' },
      files: { 'chart/templates/policy.yaml': { kind: 'CanaryPolicy', spec: { threshold: 3 } } },
      run: 'helm upgrade --install web ./chart --set version=1 --atomic',
      see: {
        exit: 0,
        says: ['STATUS: deployed'],
        warnings: [
          'the first version rolls natively; every later change of its pod template is a canary release',
          'sluice.dev/policy "web": names no CanaryPolicy in the namespace shop and no ClusterCanaryPolicy. Create it. Until it is there, the next change of the pod template is held; then its release starts by itself',
        ],
      },
      then: idle('1'),
    },
  ],
};

const deleted = ['deployment.apps "web" deleted from shop namespace'] as const;

/** Deletions. */
export const deletions: Row<GivenName> = {
  row: 'The workload is deleted',
  answer: "Its canary, Releases and pods are garbage-collected, and the user's routes are restored.",
  cases: [
    {
      name: 'while nothing is going on',
      given: 'idle',
      run: 'kubectl delete deployment/web',
      see: { exit: 0, says: deleted, warnings: [] },
      then: gone,
    },
    {
      name: 'during a release',
      given: 'running',
      run: 'kubectl delete deployment/web',
      see: { exit: 0, says: deleted, warnings: [] },
      then: gone,
    },
    {
      name: 'during a release, waiting for everything that belongs to it',
      given: 'running',
      run: 'kubectl delete deployment/web --cascade=foreground',
      see: { exit: 0, says: deleted, warnings: [] },
      then: gone,
    },
    {
      name: 'during a release, leaving its pods behind: the canary and the Releases go all the same',
      given: 'promoted, running',
      run: 'kubectl delete deployment/web --cascade=orphan',
      see: { exit: 0, says: deleted, warnings: [] },
      then: gone,
    },
    {
      name: 'after a failure',
      given: 'failed',
      run: 'kubectl delete deployment/web',
      see: { exit: 0, says: deleted, warnings: [] },
      then: gone,
    },
    {
      name: 'by helm uninstall, during a release',
      given: 'by Helm, running',
      run: 'helm uninstall web',
      see: { exit: 0, says: ['release "web" uninstalled'], warnings: [] },
      then: gone,
    },
    {
      name: 'and made anew during a release, by kubectl replace --force',
      given: 'running',
      files: { 'web.yaml': { version: '3' } },
      run: 'kubectl replace --force -f web.yaml',
      see: { exit: 0, says: ['deployment.apps/web replaced'], warnings: [first] },
      then: idle('3'),
    },
  ],
};
