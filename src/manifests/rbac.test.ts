import { describe, expect, it } from '@jest/globals';
import { gvk, type Gvk } from '../values/kube-object.ts';
import type { Access, KindUse } from '../values/kind-use.ts';
import { kinds } from '../schema/kinds.ts';
import { controllerPermissions, rules, webhookPermissions, type PolicyRule } from './rbac.ts';

const virtualService = gvk('networking.istio.io/v1', 'VirtualService', 'virtualservices');
const old = gvk('networking.istio.io/v1beta1', 'VirtualService', 'virtualservices');
const used = (kind: Gvk, ...access: readonly Access[]): KindUse => ({ gvk: kind, access, needed: 'always' });
const verbsFor = (given: readonly PolicyRule[], apiGroup: string, resource: string): readonly string[] =>
  given.filter((r) => r.apiGroups.includes(apiGroup) && r.resources.includes(resource)).flatMap((r) => r.verbs);

describe('what Sluice may do', () => {
  it('names every verb, group and resource', () => {
    const all = [
      ...rules([used(virtualService, 'adopt', 'own')]),
      ...Object.values(webhookPermissions({ configuration: 'c', secret: 's' })).flat(),
    ];
    expect(JSON.stringify(all)).not.toContain('*');
    expect(all.every((rule) => rule.verbs.length > 0 && rule.resources.length > 0)).toBe(true);
  });

  it('is everything with the routes of a provider, once per kind and not per version', () => {
    const { workedOn } = controllerPermissions([used(virtualService, 'own'), used(old, 'adopt')], 'lease');
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

  it.each<[string, readonly Access[], readonly string[]]>([
    ['looked at', ['read'], ['get', 'list', 'watch']],
    ['changed', ['adopt'], ['get', 'list', 'watch', 'update', 'patch']],
    ['made', ['own', 'read'], ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']],
  ])('is no more than is done with a kind: one that is %s', (_case, access, verbs) => {
    const { workedOn } = controllerPermissions([used(virtualService, ...access)], 'lease');
    expect(verbsFor(workedOn, 'networking.istio.io', 'virtualservices')).toEqual(verbs);
  });

  it('does not grow for a built-in kind because a provider reads it', () => {
    expect(controllerPermissions([used(kinds.deployment, 'read'), used(kinds.secret, 'own')], 'l')).toEqual(
      controllerPermissions([], 'l'),
    );
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
