/**
 * Where the chart gets the webhook's certificate from, and who may call it. cert-manager itself is not to be had here: its
 * objects are held against a schema of the fields its documentation (cert-manager.io/docs/reference/api-docs) names.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { parseConfig } from '../../src/config/parse-config.ts';
import type { KubeObject } from '../../src/values/kube-object.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';
import { containerOf, named, podsOf, render, template } from '../support/rendered-chart.ts';

const closed = { additionalProperties: false } as const;
const reference = Type.Object(
  { name: Type.String({ minLength: 1 }), kind: Type.String(), group: Type.String() },
  closed,
);
const certificate = Type.Object(
  {
    secretName: Type.String({ minLength: 1 }),
    issuerRef: reference,
    isCA: Type.Optional(Type.Boolean()),
    commonName: Type.Optional(Type.String({ maxLength: 64 })),
    dnsNames: Type.Optional(Type.Array(Type.String())),
    duration: Type.Optional(Type.String({ pattern: '^([0-9]+h)?([0-9]+m)?([0-9]+s)?$' })),
    usages: Type.Optional(
      Type.Array(Type.Enum(['digital signature', 'key encipherment', 'server auth', 'client auth', 'cert sign'])),
    ),
    privateKey: Type.Optional(
      Type.Object(
        {
          algorithm: Type.Enum(['RSA', 'ECDSA', 'Ed25519']),
          size: Type.Integer(),
          rotationPolicy: Type.Optional(Type.Enum(['Always', 'Never'])),
        },
        closed,
      ),
    ),
  },
  closed,
);
const issuer = Type.Union([
  Type.Object({ selfSigned: Type.Object({}, closed) }, closed),
  Type.Object({ ca: Type.Object({ secretName: Type.String({ minLength: 1 }) }, closed) }, closed),
]);
const schemas: Readonly<Record<string, Type.TSchema>> = { Certificate: certificate, Issuer: issuer };

type Configuration = { readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[] };
const configurations = (objects: readonly KubeObject[]): readonly (KubeObject & Configuration)[] =>
  objects.filter(({ kind }) => kind.endsWith('WebhookConfiguration')) as (KubeObject & Configuration)[];
const bundles = (objects: readonly KubeObject[]): ReadonlySet<string | undefined> =>
  new Set(configurations(objects).flatMap(({ webhooks }) => webhooks.map(({ clientConfig }) => clientConfig.caBundle)));
const issued = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.filter(({ apiVersion }) => apiVersion.startsWith('cert-manager.io/'));
const secretRules = (objects: readonly KubeObject[]): readonly unknown[] => {
  const { rules } = named(objects, 'Role', 'sluice-webhook-own') as unknown as {
    rules: readonly { resources: readonly string[]; verbs: readonly string[]; resourceNames?: readonly string[] }[];
  };
  return rules
    .filter((rule) => rule.resources.includes('secrets'))
    .map(({ verbs, resourceNames }) => ({ verbs, resourceNames }));
};
const configOf = (objects: readonly KubeObject[]): object => parseConfig(containerOf(objects, 'webhook').args, {});

const pem = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
const reading = ['get', 'list', 'watch'];
let cluster: Cluster;
beforeAll(async () => {
  cluster = await attach();
});

describe('the mode', () => {
  it('self lets the webhook make its certificate, and says nothing of an authority', async () => {
    const objects = await render(cluster);
    expect(configOf(objects)).toMatchObject({ kind: 'run', config: { tls: 'self', caBundle: 'patch' } });
    expect([issued(objects), bundles(objects)]).toEqual([[], new Set([undefined])]);
    expect(secretRules(objects)).toEqual([
      { verbs: ['create'] },
      { verbs: [...reading, 'update'], resourceNames: ['sluice-webhook-certificate'] },
    ]);
  });

  it('secret reads the Secret of that name and writes none', async () => {
    const objects = await render(cluster, 'webhook.tls.mode=secret', 'webhook.tls.secretName=mine');
    const config = {
      tls: 'secret',
      caBundle: 'patch',
      certificateSecret: { namespace: 'sluice-system', name: 'mine' },
    };
    expect(configOf(objects)).toMatchObject({ kind: 'run', config });
    expect([issued(objects), bundles(objects)]).toEqual([[], new Set([undefined])]);
    expect(secretRules(objects)).toEqual([{ verbs: reading, resourceNames: ['mine'] }]);
  });

  it('secret with authorities of its own has them trusted, and the webhook leaves that alone', async () => {
    const values = ['webhook.tls.mode=secret', 'webhook.tls.secretName=mine', `webhook.tls.caBundle=${pem}`];
    const objects = await render(cluster, ...values);
    expect(configOf(objects)).toMatchObject({ kind: 'run', config: { tls: 'secret', caBundle: 'leave' } });
    expect([...bundles(objects)].map((text) => Buffer.from(text ?? '', 'base64').toString())).toEqual([pem]);
  });

  it('cert-manager asks it for a certificate for the Service, and to have its authority trusted', async () => {
    const objects = await render(cluster, 'webhook.tls.mode=cert-manager');
    const secret = 'sluice-webhook-issued';
    const config = {
      tls: 'secret',
      caBundle: 'leave',
      certificateSecret: { namespace: 'sluice-system', name: secret },
    };
    expect(configOf(objects)).toMatchObject({ kind: 'run', config });
    expect(secretRules(objects)).toEqual([{ verbs: reading, resourceNames: [secret] }]);
    for (const { metadata } of configurations(objects))
      expect(metadata.annotations).toEqual({ 'cert-manager.io/inject-ca-from': 'sluice-system/sluice-webhook' });
    expect(bundles(objects)).toEqual(new Set([undefined]));
    expect(named(objects, 'Certificate', 'sluice-webhook')?.spec).toMatchObject({
      secretName: secret,
      dnsNames: ['sluice-webhook.sluice-system.svc', 'sluice-webhook.sluice-system.svc.cluster.local'],
      duration: '2160h',
      usages: expect.arrayContaining(['server auth']),
      issuerRef: { name: 'sluice-webhook-ca', kind: 'Issuer' },
    });
  });

  it('cert-manager has an authority made that outlives many certificates, unless there is an issuer', async () => {
    const made = await render(cluster, 'webhook.tls.mode=cert-manager');
    expect(issued(made).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Certificate sluice-webhook-ca',
      'Certificate sluice-webhook',
      'Issuer sluice-webhook-self-signed',
      'Issuer sluice-webhook-ca',
    ]);
    expect(named(made, 'Certificate', 'sluice-webhook-ca')?.spec).toMatchObject({ isCA: true, duration: '87600h' });
    const given = await render(
      cluster,
      'webhook.tls.mode=cert-manager',
      'webhook.tls.issuer.name=corporate,webhook.tls.issuer.kind=ClusterIssuer,webhook.tls.duration=24h',
    );
    expect(issued(given)).toHaveLength(1);
    expect(issued(given)[0]?.spec).toMatchObject({
      duration: '24h',
      issuerRef: { name: 'corporate', kind: 'ClusterIssuer', group: 'cert-manager.io' },
    });
  });

  it.each([[], ['webhook.tls.issuer.name=corporate']])(
    'cert-manager gets no field it does not know (%s)',
    async (...values) => {
      const objects = issued(await render(cluster, 'webhook.tls.mode=cert-manager', ...values));
      expect(objects.length).toBeGreaterThan(0);
      for (const { apiVersion, kind, spec } of objects) {
        expect(apiVersion).toBe('cert-manager.io/v1');
        expect([kind, ...Value.Errors(schemas[kind] ?? Type.Never(), spec)]).toEqual([kind]);
      }
    },
  );

  it.each<[string, RegExp]>([
    ['webhook.tls.mode=vault', /'\/webhook\/tls\/mode': value must be one of/],
    ['webhook.tls.mode=secret', /'\/webhook\/tls\/secretName': minLength: got 0, want 1/],
    ['webhook.tls.caBundle=eA==', /'\/webhook\/tls\/caBundle'/],
    ['webhook.tls.duration=soon', /'\/webhook\/tls\/duration'/],
    ['webhook.clientCA.key=a/b', /'\/webhook\/clientCA\/key'/],
  ])('%s is told to be wrong where it is', async (value, why) => {
    const { code, stderr } = await template(cluster, value);
    expect([code === 0, stderr]).toEqual([stderr === '', expect.stringMatching(why)]);
  });
});

describe('callers', () => {
  it('may be anybody by default; kubelet asks the metrics port in any case', async () => {
    for (const values of [[], ['webhook.clientCA.configMap=front-proxy-ca']]) {
      const objects = await render(cluster, ...values);
      const { readinessProbe } = containerOf(objects, 'webhook') as unknown as { readinessProbe: { httpGet: object } };
      expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
    }
    expect(containerOf(await render(cluster), 'webhook').args.join(' ')).not.toContain('--client');
  });

  it('have to show a certificate of the authorities in a ConfigMap', async () => {
    const values = [
      'webhook.clientCA.configMap=front-proxy-ca',
      'webhook.clientCA.names={kube-apiserver,another name}',
    ];
    const objects = await render(cluster, ...values);
    const config = { clientCa: '/etc/sluice/client-ca/ca.crt', clientNames: ['kube-apiserver', 'another name'] };
    expect(configOf(objects)).toMatchObject({ kind: 'run', config });
    expect(podsOf(objects, 'webhook').spec['volumes']).toEqual([
      { name: 'client-ca', configMap: { name: 'front-proxy-ca' } },
    ]);
    const { volumeMounts } = containerOf(objects, 'webhook') as unknown as { volumeMounts: unknown };
    expect(volumeMounts).toEqual([{ name: 'client-ca', mountPath: '/etc/sluice/client-ca', readOnly: true }]);
  });
});
