import { describe, expect, it } from '@jest/globals';
import type { Deployment, Service } from '../../values/kube-object.ts';
import { distinguishingLabel } from './apex.ts';

const own = { tier: 'front', app: 'web', 'app.kubernetes.io/name': 'web' };
const workload: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { matchLabels: own }, template: { metadata: { labels: own } } },
};
const apex: Service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: own } };

describe('the label that tells canary pods from stable ones', () => {
  it('is the usual one where nothing would miss the canary', () => {
    expect(distinguishingLabel(workload, apex)).toEqual({ key: 'app' });
  });

  const selectedBy = (selector: Deployment['spec']['selector']): Deployment => ({
    ...workload,
    spec: { ...workload.spec, selector },
  });
  const only = { ...apex, spec: { selector: { app: 'web' } } };
  const inList = { key: 'app', operator: 'In', values: ['web'] };

  it('F19: may be one that the selector lists in an expression', () => {
    expect(distinguishingLabel(selectedBy({ matchExpressions: [inList] }), only)).toEqual({ key: 'app' });
    expect(distinguishingLabel(selectedBy({ matchLabels: { app: 'web' }, matchExpressions: [inList] }), only)).toEqual({
      key: 'app',
    });
  });

  it.each([
    [
      { matchLabels: { tier: 'front' } },
      "Add one of the Deployment's selector labels to the Service's selector: tier.",
    ],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, 'make the Deployment anew with selector.matchLabels'],
  ])('F19: the advice never names an empty list: %j', (selector, todo) => {
    const found = distinguishingLabel(selectedBy(selector), only);
    expect('problems' in found && found.problems[0]?.todo).toContain(todo);
  });

  it.each<[string, Record<string, readonly number[]>, string]>([
    ['R4: is the one that the fewest policies select by', { app: [2, 0] }, 'app.kubernetes.io/name'],
    [
      'counts security before monitors',
      { app: [1, 0], 'app.kubernetes.io/name': [0, 9], tier: [1, 0] },
      'app.kubernetes.io/name',
    ],
    [
      'counts monitors where security is the same',
      { app: [1, 2], 'app.kubernetes.io/name': [1, 1], tier: [1, 0] },
      'tier',
    ],
  ])('%s', (_case, missed, key) => {
    expect(distinguishingLabel(workload, apex, (one) => missed[one] ?? [0, 0])).toEqual({ key });
  });
});
