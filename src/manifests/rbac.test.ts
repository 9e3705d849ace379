import { describe, expect, it } from '@jest/globals';
import { gvk } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { controllerPermissions, rules, webhookPermissions, type PolicyRule } from './rbac.ts';

const virtualService = gvk('networking.istio.io/v1', 'VirtualService', 'virtualservices');
const old = gvk('networking.istio.io/v1beta1', 'VirtualService', 'virtualservices');
const verbsFor = (given: readonly PolicyRule[], apiGroup: string, resource: string): readonly string[] =>
  given.filter((r) => r.apiGroups.includes(apiGroup) && r.resources.includes(resource)).flatMap((r) => r.verbs);

describe('what Sluice may do', () => {
  it('names every verb, group and resource', () => {
    const all = [
      ...rules([virtualService]),
      ...Object.values(webhookPermissions({ configuration: 'c', secret: 's' })).flat(),
    ];
    expect(JSON.stringify(all)).not.toContain('*');
    expect(all.every((rule) => rule.verbs.length > 0 && rule.resources.length > 0)).toBe(true);
  });

  it('is everything with the routes of a provider, once per kind and not per version', () => {
    const { workedOn } = controllerPermissions([virtualService, old], 'lease');
    expect(verbsFor(workedOn, 'networking.istio.io', 'virtualservices')).toEqual([
      'get',
      'list',
      'watch',
      'create',
      'update',
      'patch',
      'delete',
    ]);
  });

  it('does not grow for a built-in kind because a provider reads it', () => {
    expect(controllerPermissions([kinds.deployment, kinds.secret], 'l')).toEqual(controllerPermissions([], 'l'));
  });

  it('reaches one Lease by its name, and only to make it without', () => {
    const { workedOn, clusterWide, own } = controllerPermissions([], 'sluice-controller');
    const leases = (given: readonly PolicyRule[]): readonly PolicyRule[] =>
      given.filter(({ resources }) => resources.includes('leases'));
    expect(leases([...workedOn, ...clusterWide, ...rules([])])).toEqual([]);
    expect(leases(own).map(({ verbs, resourceNames }) => [verbs, resourceNames])).toEqual([
      [['create'], undefined],
      [['get', 'list', 'watch', 'update'], ['sluice-controller']],
    ]);
  });

  it('never reaches the Secrets of others', () => {
    const reads = (rule: PolicyRule): boolean => rule.resources.includes('secrets') && !rule.verbs.includes('create');
    const { workedOn, clusterWide, own } = webhookPermissions({ configuration: 'c', secret: 'cert' });
    expect([...workedOn, ...clusterWide, ...rules([])].filter((r) => r.resources.includes('secrets'))).toEqual([]);
    expect(own.filter(reads).map((rule) => rule.resourceNames)).toEqual([['cert']]);
  });
});
