import { describe, expect, it } from '@jest/globals';
import { decidePlacement } from './schedule.ts';
import { aPod } from './test-support.ts';

describe('placement', () => {
  const labels = { 'kubernetes.io/os': 'linux' };
  it.each([
    ['a plain pod', aPod(), 'bind'],
    ['a selector that fits', aPod({ spec: { nodeSelector: labels } }), 'bind'],
    ['a pod that is placed', aPod({ spec: { nodeName: 'other' } }), 'leave'],
    ['a pod on its way out', aPod({ metadata: { deletionTimestamp: 'now' } }), 'leave'],
    ['another scheduler’s pod', aPod({ spec: { schedulerName: 'mine' } }), 'leave'],
    ['a gated pod', aPod({ spec: { schedulingGates: [{ name: 'g' }] } }), 'leave'],
  ])('%s', (_case, pod, expected) => expect(decidePlacement(pod, labels)).toBe(expected));

  it('says why a pod fits nowhere', () =>
    expect(decidePlacement(aPod({ spec: { nodeSelector: { disk: 'gold' } } }), labels)).toEqual({
      unschedulable: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    }));
});
