/** The chart as Helm renders it: what is in it, what follows from values, and what nonsense is answered with. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import type { PolicyRule } from '../../src/manifests/rbac.ts';
import { webhookConfigurations } from '../../src/manifests/webhooks.ts';
import { workedKinds } from '../../src/main/worked-kinds.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';
import {
  chart,
  containerOf,
  named,
  podsOf,
  render as renderOf,
  template as templateOf,
  type Rendered,
} from '../support/rendered-chart.ts';

let cluster: Cluster;
const template = (...values: readonly string[]): Promise<Rendered> => templateOf(cluster, ...values);
const render = (...values: readonly string[]): Promise<readonly KubeObject[]> => renderOf(cluster, ...values);
const components = ['controller', 'webhook'] as const;

beforeAll(async () => {
  cluster = await attach();
});

describe('the chart', () => {
  it('passes lint, strictly', async () => {
    const { code, stdout, stderr } = await cluster.run('helm', ['lint', '--strict', chart]);
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  });

  it('says the version of the program', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(parse(readFileSync(`${chart}/Chart.yaml`, 'utf8'))).toMatchObject({ version, appVersion: version });
  });

  it('has a schema for every value, and a value for every key of the schema', () => {
    type Node = { readonly properties?: Record<string, Node>; readonly $ref?: string };
    const keys = (value: unknown, at: string, free: ReadonlySet<string>): readonly string[] =>
      free.has(at) || typeof value !== 'object' || value === null || Array.isArray(value)
        ? [at]
        : Object.entries(value).flatMap(([key, child]) => keys(child, `${at}.${key}`, free));
    const schemaKeys = (node: Node, at: string): readonly string[] =>
      node.properties === undefined
        ? [at]
        : Object.entries(node.properties).flatMap(([key, child]) => schemaKeys(child, `${at}.${key}`));
    const schema = schemaKeys(JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8')) as Node, '');
    const values = keys(parse(readFileSync(`${chart}/values.yaml`, 'utf8')), '', new Set(schema));
    // Helm's own key for subcharts.
    expect([...values].sort()).toEqual(schema.filter((key) => key !== '.global').sort());
  });

  it.each(components)('gives the %s flags that the program takes', async (component) => {
    const some = ['watchNamespace=shop', 'prometheus=http://prometheus:9090', 'logLevel=debug'];
    for (const values of [[], some, [...some, 'allowedAddresses={http://p:9090,https://*.example.com/a}']]) {
      const { args } = containerOf(await render(...values), component);
      expect(parseConfig(args, {})).toMatchObject({ kind: 'run', config: { command: component } });
    }
  });

  it.each(components)('tells the %s what policies may name', async (component) => {
    const { args } = containerOf(await render('allowedAddresses={http://p:9090,https://*.example.com/a}'), component);
    expect(args).toContain('--allowed-addresses=http://p:9090,https://*.example.com/a');
    expect(containerOf(await render(), component).args.join(' ')).not.toContain('--allowed-addresses');
  });

  it('tells the webhook where checks are measured, but not the password', async () => {
    const objects = await render('prometheus=https://me:s3cr3t@prometheus/prefix');
    expect(containerOf(objects, 'webhook').args).toContain('--prometheus=https://prometheus/prefix');
    expect(containerOf(objects, 'controller').args).toContain('--prometheus=https://me:s3cr3t@prometheus/prefix');
    expect(containerOf(await render('prometheus=http://p:9090'), 'webhook').args).toContain(
      '--prometheus=http://p:9090',
    );
  });

  it.each(components)('runs the %s without privileges', async (component) => {
    const { spec } = podsOf(await render(), component);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it("lets the webhook know the controller's service account as Sluice's user", async () => {
    const objects = await render();
    expect(containerOf(objects, 'webhook').args).toContain(
      '--as=system:serviceaccount:sluice-system:sluice-controller',
    );
    expect(podsOf(objects, 'controller').spec['serviceAccountName']).toBe('sluice-controller');
    expect(named(objects, 'ServiceAccount', 'sluice-controller')).toBeDefined();
  });

  it('lets two replicas of the controller agree on one by a Lease that they may write, and no other', async () => {
    const objects = await render();
    expect(named(objects, 'Deployment', 'sluice-controller')?.spec).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
    expect(containerOf(objects, 'controller').args).toContain('--lease=sluice-system/sluice-controller');
    const role = named(objects, 'Role', 'sluice-controller-own') as unknown as { rules: readonly PolicyRule[] };
    const written = role.rules.filter(
      ({ resources, verbs }) => resources.includes('leases') && verbs.includes('update'),
    );
    expect(written.map(({ resourceNames }) => resourceNames)).toEqual([['sluice-controller']]);
  });

  it.each(components)('spreads the %s over nodes and zones, and lets one go at a time', async (component) => {
    const objects = await render();
    const { spec, metadata } = podsOf(objects, component);
    const constraints = spec['topologySpreadConstraints'] as unknown as readonly { topologyKey: string }[];
    expect(constraints.map(({ topologyKey }) => topologyKey)).toEqual([
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
    ]);
    const selector = { matchLabels: metadata.labels };
    expect(constraints).toEqual(constraints.map((one) => ({ ...one, labelSelector: selector })));
    expect(named(objects, 'PodDisruptionBudget', `sluice-${component}`)?.spec).toMatchObject({
      maxUnavailable: 1,
      selector,
    });
  });

  it('gives no permission outside a namespace that alone is worked on, but to read', async () => {
    const objects = await render('watchNamespace=shop');
    const clusterRules = objects
      .filter(({ kind }) => kind === 'ClusterRole')
      .flatMap(
        (role) =>
          (role as unknown as { rules: readonly { verbs: readonly string[]; resourceNames?: unknown }[] }).rules,
      );
    const writes = clusterRules.filter((r) => r.verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)));
    expect(writes).toEqual([
      expect.objectContaining({ verbs: ['get', 'list', 'watch', 'patch'], resourceNames: expect.anything() }),
    ]);
    expect(named(objects, 'Role', 'sluice-controller')?.metadata.namespace).toBe('shop');
    expect(containerOf(objects, 'controller').args).toContain('--namespace=shop');
  });

  it('binds every role, in the namespace of the role, to a service account that is there', async () => {
    for (const values of [[], ['watchNamespace=shop']]) {
      const objects = await render(...values);
      const roles = objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
      expect(roles.length).toBeGreaterThanOrEqual(6);
      for (const role of roles) {
        const binding = named(objects, `${role.kind}Binding`, role.metadata.name);
        expect(binding?.metadata.namespace).toBe(role.metadata.namespace);
        const { roleRef, subjects } = binding as unknown as {
          roleRef: JsonObject;
          subjects: readonly [{ name: string }];
        };
        expect(roleRef).toMatchObject({ kind: role.kind, name: role.metadata.name });
        expect(named(objects, 'ServiceAccount', subjects[0].name)).toBeDefined();
      }
    }
  });

  type Configured = {
    readonly webhooks: readonly { readonly clientConfig: JsonObject; readonly failurePolicy: string }[];
  };
  const configured = (objects: readonly KubeObject[]): readonly Configured['webhooks'][number][] =>
    ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].flatMap(
      (kind) => (named(objects, kind, 'sluice-webhook') as unknown as Configured).webhooks,
    );

  it('sends admission requests to the Service of the webhook', async () => {
    const objects = await render();
    const { ports } = named(objects, 'Service', 'sluice-webhook')!.spec as unknown as { ports: readonly unknown[] };
    expect(ports).toEqual([{ name: 'https', port: 443, targetPort: 'https' }]);
    const services = configured(objects).map(({ clientConfig }) => clientConfig['service']);
    expect(services.length).toBeGreaterThanOrEqual(5);
    const place = { name: 'sluice-webhook', namespace: 'sluice-system' };
    for (const service of services) expect(service).toMatchObject(place);
    expect(containerOf(objects, 'webhook').args).toContain(`--service=${place.namespace}/${place.name}`);
  });

  it("writes the webhooks' configurations as the program would", async () => {
    for (const [values, namespace] of [
      [[], undefined],
      [['watchNamespace=shop'], 'shop'],
    ] as const) {
      const objects = await render(...values, 'webhook.failurePolicy=Ignore');
      const expected = webhookConfigurations({
        name: 'sluice-webhook',
        clientConfig: { service: { name: 'sluice-webhook', namespace: 'sluice-system' } },
        sluiceUsers: ['system:serviceaccount:sluice-system:sluice-controller'],
        providerKinds: workedKinds,
        failurePolicy: 'Ignore',
        // The namespace that is worked on alone may be the chart's own.
        ...(namespace === undefined ? { ownNamespace: 'sluice-system' } : { namespace }),
      });
      expect(configured(objects)).toEqual(expected.flatMap(({ webhooks }) => webhooks));
    }
  });

  it.each<[string, (objects: readonly KubeObject[]) => unknown, unknown]>([
    ['webhook.replicas=3', (o) => named(o, 'Deployment', 'sluice-webhook')?.spec?.['replicas'], 3],
    ['webhook.podDisruptionBudget=false', (o) => named(o, 'PodDisruptionBudget', 'sluice-webhook'), undefined],
    ['controller.podDisruptionBudget=false', (o) => named(o, 'PodDisruptionBudget', 'sluice-controller'), undefined],
    ['controller.replicas=3', (o) => named(o, 'Deployment', 'sluice-controller')?.spec?.['replicas'], 3],
    ['controller.leaseSeconds=30', (o) => containerOf(o, 'controller').args.includes('--lease-seconds=30'), true],
    ['networkPolicy.enabled=true', (o) => o.filter(({ kind }) => kind === 'NetworkPolicy').length, 2],
    ['networkPolicy.enabled=false', (o) => o.filter(({ kind }) => kind === 'NetworkPolicy').length, 0],
    ['image.tag=1.2.3', (o) => containerOf(o, 'controller').image, 'sluice:1.2.3'],
    ['image.repository=host:5000/team/sluice', (o) => containerOf(o, 'webhook').image, 'host:5000/team/sluice:0.1.0'],
    ['metrics.scrapeAnnotations=false', (o) => podsOf(o, 'webhook').metadata.annotations, undefined],
    ['metrics.port=9999', (o) => podsOf(o, 'webhook').metadata.annotations?.['prometheus.io/port'], '9999'],
    ['webhook.podAnnotations.team=a', (o) => podsOf(o, 'webhook').metadata.annotations?.['team'], 'a'],
    ['webhook.podAnnotations.team=a', (o) => podsOf(o, 'controller').metadata.annotations?.['team'], undefined],
    ['webhook.nodeSelector.disk=ssd', (o) => podsOf(o, 'webhook').spec['nodeSelector'], { disk: 'ssd' }],
    ['image.pullSecrets={a,b}', (o) => podsOf(o, 'webhook').spec['imagePullSecrets'], [{ name: 'a' }, { name: 'b' }]],
    [
      'serviceAccount.annotations.team=a',
      (o) => named(o, 'ServiceAccount', 'sluice-webhook')?.metadata.annotations,
      { team: 'a' },
    ],
    ['controller.workers=3', (o) => containerOf(o, 'controller').args.includes('--workers=3'), true],
  ])('follows %s', async (value, look, expected) => {
    expect(look(await render(value))).toEqual(expected);
  });

  it.each<[string, RegExp]>([
    ['webhook.replica=2', /'\/webhook': additional properties 'replica' not allowed/],
    ['webhook.replicas=0', /'\/webhook\/replicas': minimum: got 0, want 1/],
    ['webhook.failurePolicy=Maybe', /'\/webhook\/failurePolicy': value must be one of 'Fail', 'Ignore'/],
    ['controller.leaseSeconds=5', /'\/controller\/leaseSeconds': minimum: got 5, want 6/],
    ['logLevel=loud', /'\/logLevel': value must be one of/],
    ['prometheus=prometheus:9090', /'\/prometheus': 'prometheus:9090' does not match pattern/],
    ['allowedAddresses={p:9090}', /'\/allowedAddresses\/0': 'p:9090' does not match pattern/],
    ['allowedAddresses={http://*}', /'\/allowedAddresses\/0': 'http:\/\/\*' does not match pattern/],
    ['allowedAddresses={http://me:pw@p}', /'\/allowedAddresses\/0'/],
    ['watchNamespace=Shop', /'\/watchNamespace': 'Shop' does not match pattern/],
    ['image.repository=', /'\/image\/repository'/],
    ['controller.resources.limit.memory=1Gi', /'\/controller\/resources': additional properties 'limit' not allowed/],
    ['metrics.port=80', /'\/metrics\/port': minimum: got 80, want 1,?024/],
    ['replicas=2', /additional properties 'replicas' not allowed/],
  ])('refuses %s and says why', async (value, why) => {
    const { code, stderr } = await template(value);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(why);
  });
});
