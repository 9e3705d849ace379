/** The chart on a real API server: installed, upgraded and removed by Helm, with the rights it gives asked for. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withSelections } from '../../src/manifests/selections.ts';
import type { JsonObject } from '../../src/values/kube-object.ts';
import type { SelectingPolicy } from '../../src/core/policy/opt-in.ts';
import { crds } from '../../src/manifests/crds.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';

const id = `chart-install-${process.pid}`;
/** Helm's release. Its webhooks look at `worked` only, so that nobody else in this cluster meets them. */
const release = `sluice-${process.pid}`;
const [own, worked, foreign] = [`${id}-own`, `${id}-worked`, `${id}-foreign`];
const certificate = `${release}-webhook-certificate`;
let cluster: Cluster;

const run = async (command: string, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
};
const helm = (...args: readonly string[]): Promise<string> => run('helm', ...args, '--namespace', own);
const install = ['charts/sluice', '--set', `watchNamespace=${worked}`];
const namesOfOwn = (resource: string): string =>
  resource
    .replace('own-certificate', certificate)
    .replace('own-configuration', `${release}-webhook`)
    .replace('own-lease', `${release}-controller`);
/** Names of all objects of the release, of every kind that the chart makes. */
const leftovers = async (): Promise<readonly string[]> => {
  const selector = ['-l', `app.kubernetes.io/instance=${release}`, '-o', 'name'];
  const kinds = [
    'deployments,services,serviceaccounts,poddisruptionbudgets,networkpolicies,roles,rolebindings',
    'clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations',
  ];
  const found = await Promise.all(kinds.map((kind) => run('kubectl', 'get', kind, '-A', ...selector)));
  return found
    .join('')
    .split('\n')
    .filter((line) => line !== '');
};

beforeAll(async () => {
  cluster = await attach();
  for (const namespace of [own, worked, foreign]) await run('kubectl', 'create', 'namespace', namespace);
  await helm('install', release, ...install);
}, 180_000);

afterAll(async () => {
  await cluster.run('helm', ['uninstall', release, '--namespace', own]);
  await cluster.run('kubectl', ['delete', 'namespace', own, worked, foreign, '--wait=false']);
}, 180_000);

describe('an installed chart', () => {
  it('has brought the CRDs as they are declared', async () => {
    const names = crds().map((crd) => `crd/${crd.metadata.name}`);
    await run('kubectl', 'wait', '--for=condition=Established', '--timeout=120s', ...names);
  });

  const namespaces: Readonly<Record<string, string>> = { own, worked, foreign };
  /** Whether a service account may do what a sentence says: `the controller patch deployments.apps in worked`. */
  const allowed = async (sentence: string): Promise<string> => {
    const [, who = '', verb = '', resource = '', place = ''] = /^the (\S+) (\S+) (\S+) in (.*)$/.exec(sentence) ?? [];
    const [kind = '', name] = resource.split('/');
    const what = name === 'status' ? [kind, '--subresource=status'] : [namesOfOwn(resource)];
    const where = namespaces[place] === undefined ? [] : ['-n', namespaces[place]];
    const as = ['--as', `system:serviceaccount:${own}:${release}-${who}`];
    const { stdout } = await cluster.run('kubectl', ['auth', 'can-i', verb, ...what, ...where, ...as]);
    return stdout.trim().split('\n').at(-1) ?? '';
  };

  it.each([
    'the controller patch deployments.apps in worked',
    'the controller create deployments.apps in worked',
    'the controller patch deployments.apps/status in worked',
    'the controller delete services in worked',
    'the controller watch endpointslices.discovery.k8s.io in worked',
    'the controller list pods in worked',
    'the controller patch releases.sluice.dev/status in worked',
    'the controller update virtualservices.networking.istio.io in worked',
    'the controller create events.events.k8s.io in worked',
    'the controller create leases.coordination.k8s.io in own',
    'the controller update leases.coordination.k8s.io/own-lease in own',
    'the controller watch leases.coordination.k8s.io/own-lease in own',
    'the controller create events.events.k8s.io in own',
    'the controller watch customresourcedefinitions.apiextensions.k8s.io in the cluster',
    'the controller list clustercanarypolicies.sluice.dev in the cluster',
    'the webhook get secrets/own-certificate in own',
    'the webhook patch mutatingwebhookconfigurations.admissionregistration.k8s.io/own-configuration in the cluster',
    'the webhook watch secrets/own-certificate in own',
    'the webhook watch validatingwebhookconfigurations.admissionregistration.k8s.io/own-configuration in the cluster',
    'the webhook create secrets in own',
    'the webhook watch canarypolicies.sluice.dev in worked',
  ])('lets %s', async (sentence) => {
    expect(await allowed(sentence)).toBe('yes');
  });

  it.each([
    'the controller patch deployments.apps in foreign',
    'the controller list pods in foreign',
    'the controller create pods in worked',
    'the controller update deployments.apps in worked',
    'the controller get secrets in worked',
    'the controller get secrets in own',
    'the controller update leases.coordination.k8s.io/another in own',
    'the controller update leases.coordination.k8s.io/own-lease in worked',
    'the controller delete leases.coordination.k8s.io/own-lease in own',
    'the controller update canarypolicies.sluice.dev in worked',
    'the controller patch customresourcedefinitions.apiextensions.k8s.io in the cluster',
    'the webhook get secrets/another in own',
    'the webhook list secrets in own',
    'the webhook watch secrets/another in own',
    'the webhook get secrets in worked',
    'the webhook patch deployments.apps in worked',
    'the webhook patch mutatingwebhookconfigurations.admissionregistration.k8s.io/another in the cluster',
    'the webhook delete mutatingwebhookconfigurations.admissionregistration.k8s.io in the cluster',
  ])('does not let %s', async (sentence) => {
    expect(await allowed(sentence)).toBe('no');
  });

  it('keeps what the webhook has put into its configurations when it is upgraded', async () => {
    const kinds = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const;
    const bundle = Buffer.from('-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n').toString('base64');
    const trusted = (kind: string): Promise<string> =>
      run('kubectl', 'get', kind, `${release}-webhook`, '-o', 'jsonpath={.webhooks[*].clientConfig.caBundle}');
    const names = (kind: string): Promise<string> =>
      run('kubectl', 'get', kind, `${release}-webhook`, '-o', 'jsonpath={.webhooks[*].name}');
    const selecting: SelectingPolicy = {
      kind: 'CanaryPolicy',
      name: 'front',
      namespace: worked,
      createdAt: '',
      selector: { matchLabels: { tier: 'front' } },
      namespaceSelector: {},
    };
    const policyOfAll = (kind: string): Promise<string> =>
      run('kubectl', 'get', kind, `${release}-webhook`, '-o', 'jsonpath={.webhooks[0].failurePolicy}');
    for (const kind of kinds) {
      const { webhooks } = JSON.parse(await run('kubectl', 'get', kind, `${release}-webhook`, '-o', 'json')) as {
        webhooks: readonly (JsonObject & { readonly clientConfig: JsonObject })[];
      };
      const trusting = webhooks.map((one) => ({ ...one, clientConfig: { ...one.clientConfig, caBundle: bundle } }));
      const patch = [{ op: 'replace', path: '/webhooks', value: withSelections(trusting, [selecting]) }];
      await run('kubectl', 'patch', kind, `${release}-webhook`, '--type=json', '-p', JSON.stringify(patch));
    }
    await helm('upgrade', release, ...install, '--set', 'webhook.failurePolicy=Ignore');
    for (const kind of kinds) {
      expect(await policyOfAll(kind)).toBe('Ignore');
      expect(new Set((await trusted(kind)).split(' '))).toEqual(new Set([bundle]));
      expect(await names(kind)).toMatch(/ policy-[0-9a-f]+\.selected\.sluice\.dev$/);
    }
  }, 180_000);

  it('is upgraded with other values', async () => {
    await helm('upgrade', release, ...install, '--set', 'webhook.replicas=1,networkPolicy.enabled=true,logLevel=debug');
    expect(await leftovers()).toContain(`networkpolicy.networking.k8s.io/${release}-webhook`);
    await helm('upgrade', release, ...install);
    expect(await leftovers()).not.toContain(`networkpolicy.networking.k8s.io/${release}-webhook`);
  }, 180_000);

  it('leaves nothing but the CRDs when it is uninstalled', async () => {
    expect((await leftovers()).length).toBeGreaterThan(15);
    await helm('uninstall', release, '--wait');
    expect(await leftovers()).toEqual([]);
    expect(await run('kubectl', 'get', 'crd', 'releases.sluice.dev', '-o', 'name')).toContain('releases.sluice.dev');
  }, 180_000);
});
