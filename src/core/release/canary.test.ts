import { describe, expect, test } from '@jest/globals';
import { aDeployment, aTemplate } from '../../../test/support/a-deployment.ts';
import type { Deployment, Labels, Service } from '../../values/kube-object.ts';
import { canaryDeployment, canaryLabelValue, canaryService, routedArm, type CanaryPlan } from './canary.ts';

const uid = '7d0c1f6e-1111-4222-8333-944445555666';
const arm = 'sluice.dev/arm';
const releaseUid = 'sluice.dev/release-uid';

const apex = (selector: Labels = { app: 'web' }): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector, ports: [{ name: 'http', port: 80 }] },
});

const aPlan = (change: Partial<CanaryPlan> = {}): CanaryPlan => ({
  workload: aDeployment({ image: 'web:2' }),
  release: { name: 'web-5', uid, templateHash: 'h' },
  replicas: 2,
  arm: { splits: 'route', label: 'app', value: 'web-canary' },
  ...change,
});

const podLabels = ({ spec }: Deployment): Labels => spec.template.metadata?.labels ?? {};

describe('F10: the canary is told from everything else by the uid of its release', () => {
  const identity = { app: 'web-canary', [arm]: 'canary', [releaseUid]: uid };

  test('in the selectors of its Deployment and Service, and on its pods', () => {
    const [deployment, service] = [canaryDeployment(aPlan()), canaryService(aPlan(), apex())];
    expect([deployment.spec.selector, podLabels(deployment), service.spec?.['selector']]).toEqual([
      { matchLabels: identity },
      identity,
      identity,
    ]);
  });

  test('where the split is the number of pods, and the apex selects them still', () => {
    const deployment = canaryDeployment(aPlan({ arm: { splits: 'replicas' } }));
    expect(podLabels(deployment)).toEqual({ ...identity, app: 'web' });
    expect(deployment.spec.selector).toEqual({ matchLabels: { ...identity, app: 'web' } });
  });

  test('F19: where expressions of the workload speak against the value of the label', () => {
    const own = aDeployment({ template: aTemplate('web:2') });
    const expressions = [{ key: 'app', operator: 'In', values: ['web'] }];
    const workload = {
      ...own,
      spec: { ...own.spec, selector: { ...own.spec.selector, matchExpressions: expressions } },
    };
    expect(canaryDeployment(aPlan({ workload })).spec.selector).toEqual({ matchLabels: identity });
  });

  test('with the Service after the pods, where these are of a version that did not mark them', () => {
    expect(canaryService(aPlan({ unidentified: true }), apex()).spec?.['selector']).toEqual({
      app: 'web-canary',
      [arm]: 'canary',
    });
  });
});

describe('F10: the value of the label that tells canary pods from stable ones', () => {
  const routed = (change: Partial<Parameters<typeof routedArm>[1]>): string =>
    routedArm('app', { current: 'web', uid, taken: () => false, ...change }).value;

  test.each<[string, string, string]>([
    ['has a suffix', routed({}), 'web-canary'],
    ['is another where pods or Services of somebody else use it', routed({ taken: () => true }), 'web-canary-7d0c1f6e'],
    [
      'is that of the canary that is there, whoever has come to use it since',
      routed({ taken: () => true, canary: { app: 'web-canary' } }),
      'web-canary',
    ],
  ])('%s', (_what, value, wanted) => expect(value).toBe(wanted));

  test.each(['x'.repeat(63), `${'x'.repeat(54)}-.y`])('is one a label may have, however long %s is', (current) => {
    const values = [canaryLabelValue(current), routed({ current, taken: () => true })];
    for (const value of values) expect(value).toMatch(/^[a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])$/);
  });

  test('of long names is cut off, and the identity still tells one from the other', () => {
    const [one, other] = ['a', 'b'].map((end) => `${'x'.repeat(60)}${end}`);
    const selectorOf = (current: string, of: string): unknown =>
      canaryService(
        aPlan({
          release: { name: 'web-5', uid: of, templateHash: 'h' },
          arm: routedArm('app', { current, uid: of, taken: () => false }),
        }),
        apex({ app: current }),
      ).spec?.['selector'];
    expect(selectorOf(one ?? '', 'uid-of-one')).not.toEqual(selectorOf(other ?? '', 'uid-of-the-other'));
  });
});
