import { systemNamespaces } from '../schema/names.ts';
import { describe, expect, it } from '@jest/globals';
import { gvk, type JsonObject } from '../values/kube-object.ts';
import { webhookConfigurations, type WebhookOptions } from './webhooks.ts';

const options: WebhookOptions = {
  name: 'sluice',
  clientConfig: { service: { name: 'sluice-webhook', namespace: 'sluice-system' } },
  sluiceUsers: ['system:serviceaccount:sluice-system:sluice'],
  providerKinds: [
    {
      gvk: gvk('networking.istio.io/v1', 'VirtualService', 'virtualservices'),
      access: ['adopt', 'own'],
      needed: 'always',
    },
  ],
  failurePolicy: 'Fail',
};
const all = (more: Partial<WebhookOptions> = {}): readonly JsonObject[] =>
  webhookConfigurations({ ...options, ...more }).flatMap(({ webhooks }) => webhooks);
const named = (name: string, more: Partial<WebhookOptions> = {}): readonly JsonObject[] =>
  all(more).filter((webhook) => webhook['name'] === `${name}.sluice.dev`);

describe('webhook configurations', () => {
  it('are two, with names the API server takes', () => {
    const [mutating, validating] = webhookConfigurations(options);
    expect([mutating.kind, validating.kind]).toEqual([
      'MutatingWebhookConfiguration',
      'ValidatingWebhookConfiguration',
    ]);
    expect(mutating.webhooks.map(({ name }) => name)).toEqual([
      'deployments.sluice.dev',
      'opted-in-namespaces.sluice.dev',
      'releases.sluice.dev',
      'routes.sluice.dev',
      'policies.sluice.dev',
    ]);
    expect(validating.webhooks.map(({ name }) => name)).toEqual([
      'deployments.sluice.dev',
      'opted-in-namespaces.sluice.dev',
      'releases.sluice.dev',
      'records.sluice.dev',
      'policies.sluice.dev',
      'policies-in-use.sluice.dev',
      'owned.sluice.dev',
      'broken-glass.sluice.dev',
      'scales.sluice.dev',
      'releases-under-way.sluice.dev',
      'releases-broken-glass.sluice.dev',
      'other-workloads.sluice.dev',
      'autoscalers.sluice.dev',
    ]);
  });

  it('have no side effects but one, answer soon, and are asked again after other webhooks', () => {
    for (const webhook of all()) {
      expect(webhook).toMatchObject({
        // Its side effect is an event, which a dry run does not write.
        sideEffects: /broken-glass/.test(webhook['name'] as string) ? 'NoneOnDryRun' : 'None',
        timeoutSeconds: 5,
        matchPolicy: 'Equivalent',
        admissionReviewVersions: ['v1'],
      });
    }
    const [mutating, validating] = webhookConfigurations(options);
    expect(mutating.webhooks.every((webhook) => webhook['reinvocationPolicy'] === 'IfNeeded')).toBe(true);
    expect(validating.webhooks.some((webhook) => 'reinvocationPolicy' in webhook)).toBe(false);
  });

  it('name the Service and a path each', () => {
    const [mutating, validating] = webhookConfigurations({ ...options, caBundle: 'Zm9v' });
    expect(mutating.webhooks[0]?.['clientConfig']).toEqual({
      service: { name: 'sluice-webhook', namespace: 'sluice-system', path: '/mutate' },
      caBundle: 'Zm9v',
    });
    expect(validating.webhooks[0]?.['clientConfig']).toEqual({
      service: { name: 'sluice-webhook', namespace: 'sluice-system', path: '/validate' },
      caBundle: 'Zm9v',
    });
  });

  it('name an address and a path each', () => {
    const [mutating, validating] = webhookConfigurations({
      ...options,
      clientConfig: { url: 'https://127.0.0.1:8443/' },
    });
    expect(mutating.webhooks[0]?.['clientConfig']).toEqual({ url: 'https://127.0.0.1:8443/mutate' });
    expect(validating.webhooks[0]?.['clientConfig']).toEqual({ url: 'https://127.0.0.1:8443/validate' });
  });

  it('F14: never ask about system namespaces and their own, and only about one namespace where one is given', () => {
    const key = 'kubernetes.io/metadata.name';
    const never = { key, operator: 'NotIn', values: systemNamespaces };
    const isLabelled = ({ name }: JsonObject): boolean => name === 'opted-in-namespaces.sluice.dev';
    const labelled = { key: 'sluice.dev/canary', operator: 'In', values: ['enabled'] };
    const asked = (webhook: JsonObject, ...first: readonly JsonObject[]): JsonObject => ({
      matchExpressions: [...first, never, ...(isLabelled(webhook) ? [labelled] : [])],
    });
    expect(all().filter(isLabelled)).toHaveLength(2);
    for (const webhook of all()) expect(webhook['namespaceSelector']).toEqual(asked(webhook));
    const own = { key, operator: 'NotIn', values: [...systemNamespaces, 'sluice-system'] };
    for (const webhook of all({ ownNamespace: 'sluice-system' }))
      expect(JSON.stringify(webhook['namespaceSelector'])).toContain(JSON.stringify(own));
    for (const webhook of all({ namespace: 'shop' }))
      expect(webhook['namespaceSelector']).toEqual(asked(webhook, { key, operator: 'In', values: ['shop'] }));
  });

  it('leave cluster-wide policies alone where one namespace is given', () => {
    const resources = (more: Partial<WebhookOptions>): unknown =>
      (named('policies', more)[0]?.['rules'] as readonly JsonObject[])[0]?.['resources'];
    expect(resources({})).toEqual(['canarypolicies', 'clustercanarypolicies']);
    expect(resources({ namespace: 'shop' })).toEqual(['canarypolicies']);
  });

  it.each(['Fail', 'Ignore'] as const)(
    'follow the failure policy %s, but policies and what Sluice made can always be removed',
    (failurePolicy) => {
      const policies = all({ failurePolicy }).map((webhook) => [webhook['name'], webhook['failurePolicy']]);
      expect(new Map(policies as [string, string][])).toEqual(
        new Map([
          ['autoscalers.sluice.dev', 'Ignore'],
          ['other-workloads.sluice.dev', 'Ignore'],
          ['deployments.sluice.dev', failurePolicy],
          ['opted-in-namespaces.sluice.dev', failurePolicy],
          ['releases.sluice.dev', failurePolicy],
          ['records.sluice.dev', failurePolicy],
          ['policies.sluice.dev', failurePolicy],
          ['routes.sluice.dev', 'Ignore'],
          ['policies-in-use.sluice.dev', 'Ignore'],
          ['owned.sluice.dev', 'Ignore'],
          ['broken-glass.sluice.dev', 'Ignore'],
          ['scales.sluice.dev', 'Ignore'],
          ['releases-under-way.sluice.dev', 'Ignore'],
          ['releases-broken-glass.sluice.dev', 'Ignore'],
        ]),
      );
    },
  );

  it('lead the guarded objects to one path, and those who may break the glass over them to another', () => {
    const of = (name: string): JsonObject => named(name)[0]!;
    const path = (name: string): unknown => (of(name)['clientConfig'] as { service: JsonObject }).service['path'];
    expect(['owned', 'broken-glass', 'scales'].map(path)).toEqual([
      '/validate/owned',
      '/validate/break-glass',
      '/validate/owned',
    ]);
    const [guarded, broken] = [of('owned'), of('broken-glass')];
    expect(guarded['rules']).toEqual(broken['rules']);
    expect(guarded['objectSelector']).toEqual(broken['objectSelector']);
    const last = (webhook: JsonObject): string =>
      (webhook['matchConditions'] as readonly { expression: string }[]).at(-1)!.expression;
    expect(last(guarded)).toBe(`!(${last(broken)})`);
    const resources = (guarded['rules'] as readonly JsonObject[]).flatMap((rule) => rule['resources']);
    expect(resources).toEqual(['deployments', 'deployments/status', 'services', 'services/status', 'virtualservices']);
  });

  it('D4: ask about the deletion of a Release under way, unless Kubernetes itself deletes it', () => {
    const [asked, broken] = ['releases-under-way', 'releases-broken-glass'].map((name) => named(name)[0]!);
    const conditions = asked!['matchConditions'] as readonly { name: string; expression: string }[];
    const expression = (name: string): string => conditions.find((one) => one.name === name)!.expression;
    expect(asked!['rules']).toMatchObject([{ resources: ['releases'], operations: ['DELETE'] }]);
    expect(expression('not-kubernetes-itself')).toContain('system:serviceaccount:kube-system:');
    expect(expression('is-under-way')).toContain('"Succeeded"');
    expect(expression('break-glass')).toBe(
      `!(${(broken!['matchConditions'] as typeof conditions).at(-1)!.expression})`,
    );
  });

  it('ask about routes whoever writes them, Sluice too', () => {
    const conditions = named('routes')[0]?.['matchConditions'] as readonly JsonObject[];
    expect(conditions.map(({ name }) => name)).toEqual(['carries-a-split']);
  });

  it('quote user names', () => {
    const [webhook] = all({ sluiceUsers: ['a"b\\c'] });
    expect((webhook?.['matchConditions'] as readonly JsonObject[])[0]?.['expression']).toBe(
      '!(request.userInfo.username in ["a\\"b\\\\c"])',
    );
    // The validating webhook sees Sluice's own writes if another admission controller has changed their template.
    const own = (webhook_: JsonObject | undefined): unknown =>
      (webhook_?.['matchConditions'] as readonly JsonObject[])[0]?.['expression'];
    expect(named('deployments').map(own)).toEqual([
      '!(request.userInfo.username in ["system:serviceaccount:sluice-system:sluice"])',
      '!(request.userInfo.username in ["system:serviceaccount:sluice-system:sluice"]) || oldObject != null && object.spec.template != oldObject.spec.template',
    ]);
    const without = all({ sluiceUsers: [] })[0]?.['matchConditions'] as readonly JsonObject[];
    expect(without.map(({ name }) => name)).toEqual(['changes-a-release']);
  });
});
