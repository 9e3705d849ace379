/** Policies as people write, change and delete them, on a real API server with the webhook's own caches. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { ApiReport } from '../../src/kube/api.ts';
import type { ConnectedCluster } from '../../src/kube/cluster.ts';
import { webhookRules } from '../../src/main/webhook-rules.ts';
import { webhookWatches } from '../../src/main/watches.ts';
import { marks } from '../../src/schema/annotations.ts';
import { crds } from '../../src/manifests/crds.ts';
import { apiVersion } from '../../src/schema/names.ts';
import { attach } from '../cluster/up.ts';
import { apiOf, clusterOf } from '../kube/cluster-kit.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest, startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';

const namespace = `admit-policy-${process.pid}`;
const wide = `wide-${process.pid}`;
const reports: ApiReport[] = [];
let kit: AdmissionKit;
let view: ConnectedCluster;
let chart: string;

const policy = (name: string, spec: object, kind = 'CanaryPolicy'): object => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});
// Of the right types: server-side apply compares types before anybody is asked.
const misspelt = { stepz: [5], intervall: '3s', threshold: 0 };
const problemsOf = (name: string): object => policy(name, misspelt);
const stdin = ['-f', '-'];

/** A workload without pods; who writes marks is Sluice. */
const workload = (name: string, annotations: Record<string, string>, labels: Record<string, string> = {}): object => {
  const { spec, metadata, ...rest } = aManifest(name, 'sluice.test/app:1', annotations);
  return { ...rest, metadata: { ...metadata, labels }, spec: { ...spec, replicas: 0 } };
};
const bySluice = ['--as', sluice, '--as-group', 'system:masters'];

const helmChart = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-policy-'));
  await mkdir(join(folder, 'templates'));
  await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: policy\nversion: 0.0.1\n');
  await writeFile(join(folder, 'templates', 'policy.yaml'), JSON.stringify(problemsOf('by-helm')));
  return folder;
};

beforeAll(async () => {
  const cluster = await attach();
  await cluster.apply([...crds()]);
  await cluster.kubectl('wait', '--for=condition=Established', ...crds().map((crd) => `crd/${crd.metadata.name}`));
  const api = apiOf(cluster, { report: (report) => reports.push(report) });
  view = await clusterOf(api, webhookWatches(undefined));
  kit = await startAdmission(cluster, namespace, { rules: webhookRules(view, sluice), clusterWide: true });
  const named = { 'sluice.dev/policy': 'careful' };
  await Promise.all([
    kit.succeed(['apply', ...stdin], policy('careful', { weights: [5, 50] })),
    kit.succeed(['apply', ...stdin], policy('twice', { weights: [5, 50] })),
    kit.succeed(['apply', ...stdin], policy('twice', { weights: [10] }, 'ClusterCanaryPolicy')),
    kit.succeed(['apply', ...stdin], policy('unused', {})),
    kit.succeed(['apply', ...stdin], policy('chosen', { selector: { matchLabels: { tier: 'gold' } } })),
    kit.succeed(['apply', ...stdin], policy(wide, { weights: [20] }, 'ClusterCanaryPolicy')),
    (async () => (chart = await helmChart()))(),
  ]);
  const seen = (gvk: typeof kinds.canaryPolicy, name: string): boolean =>
    view.get({ gvk, ...(gvk.namespaced ? { namespace } : {}), name }) !== undefined;
  await waitUntil('policies', () => seen(kinds.canaryPolicy, 'careful') && seen(kinds.canaryPolicy, 'twice'));
  await waitUntil(
    'wide policies',
    () => seen(kinds.clusterCanaryPolicy, 'twice') && seen(kinds.clusterCanaryPolicy, wide),
  );
  const running = { ...named, [marks.release]: 'busy-2', [marks.releaseHash]: 'b', [marks.stableHash]: 'a' };
  await kit.succeed(['apply', ...stdin], workload('api', named));
  await kit.succeed(['create', ...bySluice, ...stdin], workload('busy', running));
  await Promise.all([
    kit.succeed(['apply', ...stdin], workload('twin', { 'sluice.dev/policy': 'twice' })),
    kit.succeed(['apply', ...stdin], workload('far', { 'sluice.dev/policy': wide })),
    kit.succeed(['apply', ...stdin], workload('gold', {}, { tier: 'gold' })),
  ]);
  const workloads = (): readonly KubeObject[] => view.list(kinds.deployment, namespace);
  await waitUntil('five workloads', () => workloads().length === 5);
}, 180_000);

afterAll(async () => {
  await kit.succeed(['delete', 'clustercanarypolicies', wide, 'twice', '--ignore-not-found']);
  await kit.stop();
  await rm(chart, { recursive: true });
});

describe('a policy with unknown and wrong fields is refused with all of it in one answer', () => {
  it.each<[string, readonly string[]]>([
    ['kubectl apply', ['apply']],
    ['kubectl apply --validate=ignore', ['apply', '--validate=ignore']],
    ['kubectl apply --validate=warn', ['apply', '--validate=warn']],
    ['kubectl apply --server-side', ['apply', '--server-side']],
    ['kubectl create', ['create']],
  ])('to %s', async (_client, words) => {
    const { code, stderr } = await kit.kubectl([...words, ...stdin], problemsOf('misspelt'));
    expect(code).not.toBe(0);
    expectAll(stderr);
  });

  it('to kubectl replace and kubectl patch', async () => {
    const patch = JSON.stringify({ spec: misspelt });
    const answers = await Promise.all([
      kit.kubectl(['replace', ...stdin], problemsOf('unused')),
      kit.kubectl(['patch', 'canarypolicy', 'unused', '--type=merge', '-p', patch]),
    ]);
    for (const { stderr } of answers) expectAll(stderr);
  });

  it('to helm install', async () => {
    const cluster = await attach();
    const { code, stderr } = await cluster.run('helm', ['install', 'policy', chart, '--namespace', namespace]);
    expect(code).not.toBe(0);
    // Helm shows the message, where kubectl shows the causes.
    expectAll(stderr.replace(/(spec\.\w+) "/g, '$1: Invalid value: "'));
  });

  it('of the cluster as of a namespace', async () => {
    const { stderr } = await kit.kubectl(['apply', ...stdin], policy(`${wide}-2`, misspelt, 'ClusterCanaryPolicy'));
    expectAll(stderr);
  });

  const expectAll = (answer: string): void => {
    expect(answer).toContain(
      'spec.stepz: Invalid value: "[5]": is not a field that is known here. Did you mean steps?',
    );
    expect(answer).toContain(
      'spec.intervall: Invalid value: "3s": is not a field that is known here. Did you mean interval?',
    );
    expect(answer).toContain('spec.threshold: Invalid value: "0": must be a whole number from 1 to 1000.');
    // Neither the strict decoding nor the schema of the API server says it a second time.
    expect(answer.match(/threshold/g)).toHaveLength(1);
    expect(answer).not.toContain('strict decoding');
  };
});

describe('a plan that its provider cannot carry out is refused where it was written', () => {
  const pods = 'must be below 100: the provider kubernetes splits by the number of pods';

  it.each<[string, object, string]>([
    [
      'a policy',
      policy('bold', { provider: 'kubernetes', weights: [50, 100] }),
      `spec.weights[1]: Invalid value: "100": ${pods}`,
    ],
    [
      'a workload',
      workload('bold', {
        'sluice.dev/canary': 'enabled',
        'sluice.dev/provider': 'kubernetes',
        'sluice.dev/steps': '100',
      }),
      `sluice.dev/steps: Invalid value: "100": ${pods}`,
    ],
    [
      'a workload and the policy it names',
      workload('bold', {
        'sluice.dev/policy': 'careful',
        'sluice.dev/provider': 'kubernetes',
        'sluice.dev/steps': '5,100',
      }),
      `sluice.dev/steps: Invalid value: "100": ${pods}`,
    ],
  ])('in %s', async (_what, object, told) => {
    const { code, stderr } = await kit.kubectl(['apply', '--dry-run=server', ...stdin], object);
    expect(code).not.toBe(0);
    expect(stderr).toContain(told);
  });
});

describe('whoever', () => {
  const deleting = async (...what: readonly string[]): Promise<string> =>
    (await kit.kubectl(['delete', '--dry-run=server', ...what])).stderr;

  it('deletes a policy in use is told who uses it, what becomes of them, and which releases keep it', async () => {
    const told = await deleting('canarypolicy', 'careful');
    expect(told).toContain('Warning: CanaryPolicy careful is in use by 2 workloads (api and busy): their next change');
    expect(told).toContain('is held until there is a policy careful again');
    expect(told).toContain('1 release under way keeps the policy as it was when it started (busy-2 of busy)');
  });

  it('deletes one that nobody uses is told nothing', async () => {
    expect(await deleting('canarypolicy', 'unused')).toBe('');
  });

  it('deletes one that selects workloads is told that they are opted in no longer', async () => {
    expect(await deleting('canarypolicy', 'chosen')).toContain(
      'CanaryPolicy chosen is in use by 1 workload (gold): from now on it rolls natively, without canary releases',
    );
  });

  it('deletes one with a namesake of the cluster is told that it takes over', async () => {
    expect(await deleting('canarypolicy', 'twice')).toContain(
      'from now on ClusterCanaryPolicy/twice says how it is released',
    );
    expect(await deleting('clustercanarypolicy', 'twice')).not.toContain('in use');
  });

  it('deletes one of the cluster is told the namespaces', async () => {
    expect(await deleting('clustercanarypolicy', wide)).toContain(`in use by 1 workload (${namespace}/far): its next`);
  });

  it('deletes them all at once is told of each', async () => {
    const path = `/apis/${apiVersion}/namespaces/${namespace}/canarypolicies?dryRun=All`;
    const { stderr } = await kit.kubectl(['delete', '--raw', path]);
    expect(stderr).toContain('CanaryPolicy careful is in use by 2 workloads');
    expect(stderr).toContain('CanaryPolicy twice is in use by 1 workload');
  });

  it('changes one in use is told which releases keep the old one', async () => {
    const { stderr } = await kit.kubectl(
      ['apply', '--dry-run=server', ...stdin],
      policy('careful', { weights: [7, 50] }),
    );
    expect(stderr).toContain(
      'Warning: 1 release under way keeps the policy as it was when it started (busy-2 of busy)',
    );
    const labelled = await kit.kubectl(['label', 'canarypolicy', 'careful', 'a=b', '--dry-run=server']);
    expect(labelled.stderr).toBe('');
  });

  it('deletes one while no webhook answers is not held up', async () => {
    await kit.whileDown(() => kit.succeed(['delete', 'canarypolicy', 'unused']));
  });
});

it('the webhook knows workloads and definitions by one list and one watch each, of their metadata alone', () => {
  const [busy] = view.list(kinds.deployment, namespace).filter(({ metadata }) => metadata.name === 'busy');
  expect(Object.keys(busy ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
  expect(busy?.metadata.annotations).toMatchObject({ [marks.release]: 'busy-2', 'sluice.dev/policy': 'careful' });
  expect(busy?.metadata).not.toHaveProperty('managedFields');
  for (const plural of ['deployments', 'customresourcedefinitions']) {
    const asked = reports.filter(({ path }) => path.split('?')[0]?.endsWith(`/${plural}`) === true);
    expect(
      asked
        .filter(({ verb }) => verb === 'WATCH')
        .map(({ path }) => path)
        .slice(1),
    ).toEqual([]);
    expect(asked.filter(({ verb }) => verb !== 'GET' && verb !== 'WATCH')).toEqual([]);
  }
  expect(view.get({ gvk: kinds.crd, name: 'virtualservices.networking.istio.io' })).not.toHaveProperty('spec');
});
