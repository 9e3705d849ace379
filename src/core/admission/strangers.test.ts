import { describe, expect, it } from '@jest/globals';
import { labels, managedBy } from '../../schema/names.ts';
import type { PolicyUse } from '../policy/policy-use.ts';
import type { KubeObject } from '../../values/kube-object.ts';
import type { AdmissionRequest } from './admission-request.ts';
import type { AdmissionRules } from './admission-rules.ts';
import { strangerAnswer } from './strangers.ts';

const workload = (name: string, own: Record<string, string> = {}) => ({
  metadata: { name, namespace: 'shop', labels: own },
});
const ask = (object: KubeObject, group: string, use: Partial<PolicyUse> = {}) => {
  const request: AdmissionRequest = {
    uid: 'u',
    operation: 'CREATE',
    group,
    kind: object.kind,
    namespace: 'shop',
    user: 'alice',
    dryRun: false,
    object,
  };
  const policyUse: PolicyUse = { workloads: () => [], governing: () => 'nothing', outOfReach: () => [], ...use };
  return strangerAnswer(request, { sluiceUsers: ['sluice'], policyUse } as unknown as AdmissionRules);
};
const other = (kind: string, annotations: Record<string, string>): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'db', annotations },
});
const scaling = (name: string, kind = 'Deployment'): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'size' },
  spec: { scaleTargetRef: { kind, name } },
});

describe('F20: annotations on other kinds', () => {
  it.each(['StatefulSet', 'DaemonSet'])('F20: a %s is admitted with a warning', (kind) => {
    const answer = ask(other(kind, { 'sluice.dev/canary': 'enabled' }), 'apps');
    expect(answer).toMatchObject({ allowed: true, warnings: [expect.stringContaining(`${kind} db have no effect`)] });
  });

  it('F20: a CronJob without a word of ours is none of ours', () =>
    expect(ask(other('CronJob', { team: 'a' }), 'batch')).toMatchObject({ allowed: true, warnings: [] }));

  it('a Deployment is not answered here', () => expect(ask(other('Deployment', {}), 'apps')).toBeUndefined());
});

describe('C3: a HorizontalPodAutoscaler', () => {
  const canary = workload('web-canary', { [labels.managedBy]: managedBy });
  const governed = { governing: () => 'defaults' as const };

  it.each([
    ['a canary that is there', 'web-canary', { workloads: () => [workload('web'), canary] }, false],
    ['one of the next release', 'web-canary', { workloads: () => [workload('web')], ...governed }, false],
    ['the workload', 'web', { workloads: () => [workload('web'), canary] }, true],
    [
      "a user's own Deployment of such a name",
      'web-canary',
      { workloads: () => [workload('web'), workload('web-canary')] },
      true,
    ],
    ['of a workload that is not opted in', 'web-canary', { workloads: () => [workload('web')] }, true],
    ['something that nobody knows', 'x-canary', {}, true],
  ])('C3: on %s', (_case, target, use, allowed) => {
    const answer = ask(scaling(target), 'autoscaling', use);
    expect(answer?.allowed).toBe(allowed);
    if (!allowed) expect(answer?.denial?.message).toContain('write spec.scaleTargetRef.name: web');
  });

  it('C3: of an odd shape is none of ours', () => {
    const odd = { ...scaling('web-canary'), spec: { scaleTargetRef: null } };
    expect([
      ask(odd, 'autoscaling')?.allowed,
      ask(scaling('web-canary', 'StatefulSet'), 'autoscaling')?.allowed,
    ]).toEqual([true, true]);
  });
});
