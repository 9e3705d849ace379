import { describe, expect, it } from '@jest/globals';
import { aRelease, at, start } from '../../test/support/plugin-doubles.ts';
import { activePhases, finalPhases, type ReleaseSpec, type ReleaseStatus } from '../schema/release.ts';
import { compile } from '../core/plan/compile.ts';
import { record } from '../core/plan/record.ts';
import { resolvePolicy } from '../core/policy/resolve-policy.ts';
import { requestKey } from '../schema/annotations.ts';
import { releaseView } from './release-view.ts';
import { renderStatus } from './render-status.ts';

const render = (status: ReleaseStatus | undefined, spec: Partial<ReleaseSpec> = {}): string =>
  `\n${renderStatus(releaseView(aRelease({ spec, ...(status === undefined ? {} : { status }) })), start).join('\n')}\n`;

const requestedBy = { user: 'jane', tool: 'kubectl-client-side-apply', at: at(-180) };

describe('a status', () => {
  it('of a release in the middle', () =>
    expect(
      render(
        {
          phase: 'Progressing',
          message: '5 % of the traffic for the canary',
          step: 2,
          steps: 4,
          stepLabel: '2/4',
          weight: 5,
          share: { percent: 1.4, of: 'requests', canary: 12, stable: 834 },
          provider: 'istio',
          providerBecause: 'a VirtualService sends to web',
          service: 'web',
          canary: { replicas: 2, ready: 1 },
          analyses: [
            {
              id: 'checks',
              failures: 1,
              checks: [
                {
                  name: 'request-success-rate',
                  call: 'pass',
                  because: 'fine',
                  value: 99.834,
                  at: at(-12),
                  weight: 5,
                  requests: { canary: 12, stable: 834 },
                },
              ],
            },
          ],
        },
        {
          policyName: 'CanaryPolicy/careful',
          policy: { weights: [1, 5, 20, 50], interval: '90s', latencyP99: '500ms' },
          from: 'web-1',
          changes: ['image of container app: web:1 → web:2', 'env LOG in app: added'],
          requestedBy,
          attempt: 2,
        },
      ),
    ).toBe(`
shop/web   Progressing   step 2/4   1.4 % of the traffic to the canary (wanted: 5 %)
5 % of the traffic for the canary

Release    web-2 over web-1, attempt 2, asked by jane with kubectl-client-side-apply 3m ago
Changes    image of container app: web:1 → web:2
           env LOG in app: added
Policy     CanaryPolicy/careful: 1, 5, 20, 50 %, 1m30s each
Traffic    istio, Service web
           a VirtualService sends to web
Share      12 of 846 requests: 1.4 %
Canary     1 of 2 pods ready
Failures   1 of 3

CHECK                  VERDICT   VALUE   BOUNDS   CANARY / STABLE     JUDGED
request-success-rate   pass      99.8    >= 99    12 / 834 requests   12s ago
request-duration       -         -       <= 500   -                   not yet

What to do
  kubectl sluice watch web -n shop     follow it until it ends
  kubectl sluice promote web -n shop   leave out the steps that remain
  kubectl sluice abort web -n shop     put the earlier version back
`));

  it('has the plan that was recorded, whatever the policy would mean by now', () => {
    const plan = record(compile({ ...resolvePolicy({ weights: [3, 30], interval: 20 }), threshold: 9 }));
    const text = render({ phase: 'Progressing', analyses: [{ id: 'checks', failures: 2 }] }, { policy: {}, plan });
    expect(text).toContain('Policy     annotations: 3, 30 %, 20s each\nFailures   2 of 9\n');
  });

  it('has every request that nobody has taken up yet, oldest first', () => {
    const acknowledged = [{ id: 'a', verb: 'promote', by: 'joe', result: 'refused: no', accepted: false, at: at(-70) }];
    const release = aRelease({ status: { phase: 'Progressing', acknowledged } });
    const annotations = {
      [requestKey('a')]: '{"verb":"promote","by":"joe"}',
      [requestKey('b')]: JSON.stringify({ verb: 'promote', by: 'jane', at: at(-2) }),
      [requestKey('c')]: JSON.stringify({ verb: 'abort', by: 'jim', at: at(-5), reason: 'too slow' }),
    };
    const view = releaseView({ ...release, metadata: { ...release.metadata, annotations } });
    expect(renderStatus(view, start).join('\n')).toContain(`
Request   promote by joe 70s ago: refused: no
          abort by jim 5s ago (too slow): not taken up yet
          promote by jane 2s ago: not taken up yet
`);
  });

  it('of a release that failed and is held, with its evidence', () =>
    expect(
      render(
        {
          phase: 'Failed',
          message: 'at 5 %: request-success-rate 71.2 % is below the minimum 99 %',
          step: 2,
          stepLabel: '2/4',
          weight: 0,
          provider: 'istio',
          service: 'web',
          analyses: [
            {
              id: 'checks',
              failures: 3,
              checks: [
                {
                  name: 'request-success-rate',
                  call: 'fail',
                  because: 'request-success-rate 71.2 % (412 requests, 119 failed) is below the minimum 99 %',
                  value: 71.2,
                  at: at(-65),
                },
                { name: 'queue', call: 'inconclusive', because: 'no series', at: at(-65), queries: ['q{pod="a"}'] },
              ],
            },
          ],
          failedChecks: [
            { name: 'request-success-rate', call: 'fail', because: '80 %', value: 80, at: at(-125), weight: 1 },
            { name: 'request-success-rate', call: 'fail', because: '71.2 %', value: 71.2, at: at(-65), weight: 5 },
          ],
          pods: [{ name: 'web-canary-7d-x', reason: 'CrashLoopBackOff', message: 'exit code 1', restarts: 4 }],
          acknowledged: [
            {
              id: 'i',
              verb: 'promote',
              by: 'joe',
              reason: 'looks fine',
              result: 'refused: no',
              accepted: false,
              at: at(-70),
            },
          ],
        },
        { policy: { checks: [{ name: 'queue', query: 'q', min: 1, max: 8 }] }, requestedBy },
      ),
    ).toBe(`
shop/web   Failed   step 2/4
at 5 %: request-success-rate 71.2 % is below the minimum 99 %

Release    web-2, asked by jane with kubectl-client-side-apply 3m ago
Policy     annotations: 1, 5, 20, 50 %, 1m each
Traffic    istio, Service web
Failures   3 of 3
Request    promote by joe 70s ago (looks fine): refused: no

CHECK                  VERDICT        VALUE   BOUNDS       CANARY / STABLE   JUDGED
request-success-rate   fail           71.2    >= 99        -                 65s ago
queue                  inconclusive   -       >= 1, <= 8   -                 65s ago
  request-success-rate 71.2 % (412 requests, 119 failed) is below the minimum 99 %
  queue: no series
    what was asked is in -o json

Failed checks
  2m5s ago   at 1 %   request-success-rate: 80 %
  65s ago    at 5 %   request-success-rate: 71.2 %

Pods in trouble
  web-canary-7d-x   CrashLoopBackOff, 4 restarts: exit code 1

What to do
  The earlier version serves. Apply a version that is fixed, or the earlier one to end this.
  kubectl sluice retry web -n shop               try the same version again
  kubectl sluice abort web -n shop               put the earlier version back
  kubectl sluice skip web -n shop --reason WHY   roll it out natively all the same
`));

  it('of a release that failed and was reverted', () =>
    expect(render({ phase: 'Failed', message: 'no' }, { policy: { onFailure: 'revert' } })).toContain(`
What to do
  The earlier version is back. Apply a version that is fixed; the same one is held when it comes back.
  kubectl sluice retry web -n shop   try the same version again, once it has come back
`));

  it('of a release that waits for a person', () =>
    expect(render({ phase: 'Waiting', stepLabel: '4/4', weight: 50, approved: { at: at(-1) } })).toBe(`
shop/web   Waiting   step 4/4   50 % of the traffic to the canary

Release    web-2, made 3m ago
Policy     annotations: 1, 5, 20, 50 %, 1m each
Approved   by somebody 1s ago

CHECK                  VERDICT   VALUE   BOUNDS   CANARY / STABLE   JUDGED
request-success-rate   -         -       >= 99    -                 not yet

What to do
  kubectl sluice promote web -n shop   approve
  kubectl sluice abort web -n shop     put the earlier version back
`));

  it('of a release nobody has looked at yet', () =>
    expect(render(undefined)).toContain('\nshop/web   Pending\n\nRelease   web-2, made 3m ago\n'));

  it('of a skipped release, which has no plan and no checks', () =>
    expect(render({ phase: 'Skipped', message: 'rolled natively' }, { reason: 'INC-42 hotfix', requestedBy })).toBe(`
shop/web   Skipped
rolled natively

Release   web-2, asked by jane with kubectl-client-side-apply 3m ago (INC-42 hotfix)

What to do
  kubectl rollout status deployment/web -n shop   follow the native rollout
`));

  it('tells a value from the bound it misses by a hair', () =>
    expect(
      render({
        phase: 'Progressing',
        analyses: [
          {
            id: 'checks',
            failures: 1,
            checks: [{ name: 'request-success-rate', call: 'fail', because: 'low', value: 98.9996, at: at(0) }],
          },
        ],
      }),
    ).toMatch(/request-success-rate +fail +98\.9996 +>= 99/));

  it.each([...activePhases, ...finalPhases])('of phase %s has neither empty words nor blanks at the end', (phase) => {
    const lines = render({ phase }).split('\n');
    for (const line of lines) expect(line).not.toMatch(/undefined|NaN|null| $/);
    expect(lines[1]).toBe(`shop/web   ${phase}`);
  });
});
