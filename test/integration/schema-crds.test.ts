/** The CRDs on a real API server: it must answer as our own parser does. */
import { sourceForms } from '../../src/metrics/index.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { compile } from '../../src/core/plan/compile.ts';
import { planOf } from '../../src/core/plan/plan-of-release.ts';
import { record } from '../../src/core/plan/record.ts';
import { resolvePolicy } from '../../src/core/policy/resolve-policy.ts';
import type { ReleaseSpec } from '../../src/schema/release.ts';
import { percent } from '../../src/values/percent.ts';
import type { Split } from '../../src/values/split.ts';
import { parsePolicySpec } from '../../src/core/policy/parse-policy.ts';
import { collectionPath } from '../../src/kube/api-path.ts';
import { connectApi, type Api } from '../../src/kube/api.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { ClusterError } from '../../src/ports/cluster.ts';
import { crds } from '../../src/manifests/crds.ts';
import { apiVersion } from '../../src/schema/names.ts';
import { policyRules, checkRules } from '../../src/schema/policy-rules.ts';
import { attach } from '../cluster/up.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { policySpecs } from '../fixtures/policy-specs.ts';

const namespace = `schema-crds-${process.pid}`;
let cluster: Cluster;
let api: Api;

const kubectl = (args: readonly string[], object?: object): ReturnType<Cluster['run']> =>
  cluster.run('kubectl', args, object === undefined ? {} : { input: JSON.stringify(object) });
const succeed = async (args: readonly string[], object?: object): Promise<string> => {
  const { code, stdout, stderr } = await kubectl(args, object);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};
/** What the API server has against an object; undefined when it would take it. */
const dryRun = async (object: JsonObject): Promise<string | undefined> => {
  const query = { dryRun: 'All', fieldValidation: 'Strict' };
  const path = collectionPath(kinds.canaryPolicy, namespace);
  try {
    await api.request({ method: 'POST', path, query, body: object, what: 'create' });
    return undefined;
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'invalid') return error.message;
    throw error;
  }
};
const create = ['create', '-n', namespace, '-o', 'json', '-f', '-'];

const policy = (spec: JsonObject, name = 'careful'): JsonObject => ({
  apiVersion,
  kind: 'CanaryPolicy',
  metadata: { name },
  spec,
});
const release = (name: string, policySpec: JsonObject = {}): JsonObject => ({
  apiVersion,
  kind: 'Release',
  metadata: { name },
  spec: {
    workload: { kind: 'Deployment', name: 'web', uid: '0000' },
    templateHash: 'b',
    stableHash: 'a',
    policy: policySpec,
  },
});

beforeAll(async () => {
  cluster = await attach();
  api = connectApi({ env: {}, kubeconfig: cluster.kubeconfig, clock: systemClock, component: 'test', version: '0' });
  await cluster.apply([...crds()]);
  const names = crds().map((crd) => `crd/${crd.metadata.name}`);
  await succeed(['wait', '--for=condition=Established', '--timeout=120s', ...names]);
  await succeed(['create', 'namespace', namespace]);
}, 180_000);

afterAll(async () => {
  api.close();
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
});

describe('the API server and our parser give the same answer to', () => {
  it.each(policySpecs.filter(({ leftToWebhook }) => leftToWebhook === undefined))('$name', async ({ spec, wrong }) => {
    const refusal = await dryRun(policy(spec));
    expect({ accepted: refusal === undefined }).toEqual({ accepted: parsePolicySpec(spec, { forms: sourceForms }).ok });
    for (const field of wrong) expect(refusal).toContain(field);
  });
});

describe('the API server leaves to the webhook', () => {
  it.each(policySpecs.filter(({ leftToWebhook }) => leftToWebhook === true))('$name', async ({ spec }) => {
    const stored = JSON.parse(await succeed([...create, '--dry-run=server'], policy(spec))) as { spec: JsonObject };
    expect(stored.spec).toMatchObject(spec);
  });
});

describe('the API server', () => {
  it('answers with the words and at the field of the rule that is broken', async () => {
    const { stderr } = await kubectl(create, policy({ weights: [50, 5] }));
    const rising = policyRules.find((rule) => rule.message.includes('rise'))!;
    expect(stderr).toContain(`spec.weights: Invalid value: ${rising.message}. ${rising.todo}`);
    const unbounded = await kubectl(create, policy({ checks: [{ name: 'errors', query: 'up' }] }));
    expect(unbounded.stderr).toContain(`spec.checks[0]: Invalid value: ${checkRules[0]?.message}`);
  });

  it('fills in defaults of a policy that leave the policy what it is', async () => {
    const written = { weights: [5, 50], latencyP99: '300ms' };
    const stored = JSON.parse(await succeed(create, policy(written, 'defaulted'))) as { spec: JsonObject };
    expect(stored.spec).toMatchObject({ ...written, interval: '1m', threshold: 3 });
    const [before, after] = [
      parsePolicySpec(written, { forms: sourceForms }),
      parsePolicySpec(stored.spec, { forms: sourceForms }),
    ];
    expect(after.ok && after.policy).toEqual(before.ok && before.policy);
  });

  it('fills in nothing of the policy that a Release records', async () => {
    const stored = JSON.parse(await succeed(create, release('web-1', { weights: [5] }))) as { spec: JsonObject };
    expect(stored.spec['policy']).toEqual({ weights: [5] });
  });

  it('keeps the plan of the largest policy as it was recorded, and everything a split can say', async () => {
    const checks = Array.from({ length: 32 }, (_, i) => ({ name: `check-${i}`, query: 'x'.repeat(4096), min: 0 }));
    const weights = Array.from({ length: 100 }, (_, i) => i + 1);
    const whole = compile(resolvePolicy({ weights, checks, latencyP99: '1s', approval: 'required' }));
    const split: Split = {
      weight: percent(0),
      match: [{ headers: { 'x-user': { prefix: 'a' } }, cookies: { c: { exact: '' } }, sourceLabels: { app: 'b' } }],
      mirror: percent(10),
      sticky: { cookie: 'arm', ttl: 90_000 },
    };
    const plan = record({ ...whole, stages: [{ id: 'matched', do: 'split', split }, ...whole.stages] });
    const object = release('web-6');
    const made = { ...object, spec: { ...(object['spec'] as JsonObject), policy: { weights, checks }, plan } };
    const stored = JSON.parse(await succeed(create, made)) as { spec: ReleaseSpec };
    expect(stored.spec.plan).toEqual(plan);
    expect(planOf(stored.spec).problems).toEqual([]);
    const patch = ['patch', 'release', 'web-6', '-n', namespace, '--type=merge', '-p', '{"spec":{"reason":"x"}}'];
    expect((await kubectl(patch)).stderr).toContain('must not change: a Release records what was asked.');
    const other = { ...made, spec: { ...made.spec, plan: { ...plan, stages: [{ id: 'a', do: 'teleport' }] } } };
    expect((await kubectl(create, { ...other, metadata: { name: 'web-7' } })).stderr).toContain(
      'spec.plan.stages[0].do',
    );
    expect(await succeed(['explain', 'release.spec.plan.stages'])).toContain('bring up canary pods');
  });

  it('refuses to change the spec of a Release, and takes a request on it', async () => {
    await succeed(create, release('web-2'));
    const patch = ['patch', 'release', 'web-2', '-n', namespace, '--type=merge', '-p'];
    const { stderr } = await kubectl([...patch, '{"spec":{"templateHash":"c"}}']);
    expect(stderr).toContain('spec: Invalid value: must not change: a Release records what was asked.');
    await succeed([...patch, '{"metadata":{"annotations":{"sluice.dev/request.a1":"{}"}}}']);
  });

  it('takes a full status, by its own door only', async () => {
    await succeed(create, release('web-3'));
    const status = { phase: 'Progressing', step: 2, steps: 4, stepLabel: '2/4', weight: 5, message: 'judging 5 %' };
    const patch = ['patch', 'release', 'web-3', '-n', namespace, '--type=merge', '-p', JSON.stringify({ status })];
    await succeed(patch);
    expect(await succeed(['get', 'release', 'web-3', '-n', namespace, '-o', 'jsonpath={.status}'])).toBe('');
    await succeed([...patch, '--subresource=status']);
    const refused = await kubectl([...patch.slice(0, -1), '{"status":{"phase":"Sleeping"}}', '--subresource=status']);
    expect(refused.stderr).toContain('status.phase');
  });

  it('tells the whole story in one line', async () => {
    await succeed(create, release('web-4'));
    const status = { phase: 'Progressing', stepLabel: '2/4', weight: 5, message: 'judging 5 %' };
    const patch = ['patch', 'release', 'web-4', '-n', namespace, '--subresource=status', '--type=merge'];
    await succeed([...patch, '-p', JSON.stringify({ status })]);
    const [head, line] = (await succeed(['get', 'rel', 'web-4', '-n', namespace])).trim().split('\n');
    expect(head?.split(/\s{2,}/)).toEqual(['NAME', 'WORKLOAD', 'PHASE', 'STEP', 'WEIGHT', 'SHARE', 'MESSAGE', 'AGE']);
    expect(line).toMatch(/^web-4\s+web\s+Progressing\s+2\/4\s+5\s+judging 5 %\s+\d+s$/);
  });

  it('lists policies with what tells them apart', async () => {
    await succeed(create, policy({ weights: [5, 50], provider: 'istio' }, 'listed'));
    const [head, line] = (await succeed(['get', 'cpol', 'listed', '-n', namespace])).trim().split('\n');
    expect(head?.split(/\s+/)).toEqual(['NAME', 'PROVIDER', 'WEIGHTS', 'AGE']);
    expect(line).toMatch(/^listed\s+istio\s+\[5,50\]\s+\d+s$/);
  });

  it('lists everything of Sluice as one category, and explains its fields', async () => {
    await succeed(create, policy({}, 'in-category'));
    expect(await succeed(['get', 'sluice', '-n', namespace, '-o', 'name'])).toContain(
      'canarypolicy.sluice.dev/in-category',
    );
    expect(await succeed(['explain', 'ccpol.spec.weights'])).toContain('share of the traffic at each step');
  });
});
