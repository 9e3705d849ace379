import { expect, it } from '@jest/globals';
import { aRelease, at, start } from '../../test/support/plugin-doubles.ts';
import { releaseView } from './release-view.ts';
import { renderList, type ListedWorkload } from './render-list.ts';

const listed: readonly ListedWorkload[] = [
  { namespace: 'shop', name: 'api' },
  {
    namespace: 'shop',
    name: 'web',
    release: releaseView(
      aRelease({
        createdAt: at(-200),
        spec: { requestedBy: { user: 'jane\u001b[2J', at: at(-200) } },
        status: {
          phase: 'Progressing',
          stepLabel: '2/4',
          weight: 5,
          share: { percent: 4.7, of: 'requests', canary: 47, stable: 953 },
          message: 'holding at 5 %',
        },
      }),
    ),
  },
  { namespace: 'shop', name: 'worker', release: releaseView(aRelease({ name: 'worker-10' })) },
];

it('shows a line per workload', () =>
  expect(renderList(listed, start, { namespaces: false })).toEqual([
    'WORKLOAD   PHASE         STEP   WEIGHT   SHARE   AGE     RELEASE     BY              MESSAGE',
    'api        -             -      -        -       -       -           -               opted in; no release yet',
    'web        Progressing   2/4    5 %      4.7 %   3m20s   web-2       jane\\u{1b}[2J   holding at 5 %',
    'worker     Pending       -      -        -       3m      worker-10   -',
  ]));

it('F20: says of a workload in a system namespace that it is not released', () =>
  expect(
    renderList([{ namespace: 'kube-system', name: 'dns', outOfReach: true }], start, { namespaces: false }).at(-1),
  ).toContain('not released: kube-system is a system namespace; it rolls natively'));

it('shows the namespaces when there are several', () =>
  expect(renderList(listed.slice(0, 1), start, { namespaces: true })).toEqual([
    'NAMESPACE   WORKLOAD   PHASE   STEP   WEIGHT   SHARE   AGE   RELEASE   BY   MESSAGE',
    'shop        api        -       -      -        -       -     -         -    opted in; no release yet',
  ]));
