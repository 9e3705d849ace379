/**
 * Releases among other admission controllers, which change or refuse what people and Sluice itself write.
 * @long 40 s
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readMarks } from '../../src/core/marks/marks.ts';
import type { Deployment } from '../../src/values/kube-object.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { sluice } from '../support/admission-input.ts';
import { localCertificate } from '../support/admission-webhook.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { injects, restamps, startOtherWebhooks, type Change, type OtherWebhooks } from '../support/other-webhooks.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';

jest.setTimeout(300_000);

const quick = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1s',
  'sluice.dev/no-data': 'pass',
};
const approved = { ...quick, 'sluice.dev/approval': 'required' };

let stage: Stage;
let webhooks: OtherWebhooks;

type Story = readonly [title: string, name: string, run: (name: string) => Promise<void>];
const stories: Story[] = [];
const running = new Map<string, Promise<void>>();
/** Each has a workload of its own, and all go on at the same time. */
const story = (title: string, name: string, run: (name: string) => Promise<void>): void => {
  stories.push([title, name, run]);
  test(title, () => running.get(name));
};

type Traits = { readonly annotations?: Readonly<Record<string, string>>; readonly spec?: object };
const manifest = (name: string, version: string, { annotations = quick, spec = {} }: Traits): object => {
  const plain = app({ name, version, replicas: 1, annotations }) as {
    metadata: object;
    spec: { template: { spec: object } };
  };
  const { template } = plain.spec;
  return {
    ...plain,
    metadata: { ...plain.metadata, labels: { other: name } },
    spec: { ...plain.spec, template: { ...template, spec: { ...template.spec, ...spec } } },
  };
};
/** Opts in, and adds a sidecar: before it, nothing of Sluice is in the object. */
const enrols: Change = (object) => {
  const { metadata } = object;
  return injects()({ ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, ...quick } } });
};
const workload = (name: string): Deployment => stage.deployment(name) as unknown as Deployment;
/** Version 1 is there, then version 2 is applied. */
const released = async (name: string, traits: Traits = {}): Promise<void> => {
  await stage.apply(service(name), manifest(name, 'v1', traits));
  await stage.untilRolledOut(name);
  await stage.apply(manifest(name, 'v2', traits));
};
const until = (
  name: string,
  what: string,
  is: (status: NonNullable<SeenRelease['status']>) => boolean | undefined,
): Promise<SeenRelease> =>
  stage.until(`${name}: ${what}`, () => {
    const release = stage.release(name);
    return release?.status !== undefined && is(release.status) === true ? release : undefined;
  });
const untilPhase = (name: string, phase: string): Promise<SeenRelease> =>
  until(name, phase, (status) => status.phase === phase);
const untilTold = (name: string, words: string): Promise<SeenRelease> =>
  until(name, `"${words}"`, (status) => status.message?.includes(words));
const ask = (verb: string, name: string): Promise<unknown> =>
  stage.cluster.run('bin/kubectl-sluice', ['-n', stage.namespace, verb, name, '--reason', 'a test']);
const expectDone = async (name: string): Promise<void> => {
  const { status, spec } = await untilPhase(name, 'Succeeded');
  expect(status?.lastWriteError).toBeUndefined();
  await stage.untilRolledOut(name);
  // What was judged is what has been promoted.
  expect(templateHash(workload(name).spec.template)).toBe(spec.templateHash);
  expect(stage.releases(name)).toHaveLength(1);
};

beforeAll(async () => {
  stage = await Stage.set('other-admission');
  const { cluster, namespace } = stage;
  await stage.sluice();
  webhooks = await startOtherWebhooks(
    { cluster, namespace, sluice: `sluice-dev-${namespace}` },
    await localCertificate(),
    [
      ...['injected', 'upgraded', 'aborted'].map((name) => ({ name, asked: 'after', change: injects() }) as const),
      { name: 'stamped', asked: 'after', reinvocationPolicy: 'IfNeeded', change: restamps },
      { name: 'enrolled', asked: 'after', change: enrols },
      { name: 'joined', asked: 'after', change: () => undefined },
      { name: 'differs', asked: 'after', change: restamps, labels: { 'sluice.dev/release': 'differs-2' } },
    ],
  );
  for (const [, name, run] of stories) {
    const ending = run(name);
    ending.catch(() => undefined);
    running.set(name, ending);
  }
});

afterAll(async () => {
  await Promise.allSettled(running.values());
  await webhooks.stop();
  await stage.teardown();
});

/** A ValidatingAdmissionPolicy for writes of Sluice to one object; resolves when it is in force. */
const refuse = async (
  story_: string,
  on: { readonly resource: string; readonly name: string; readonly unless?: string },
): Promise<{ readonly lift: () => Promise<unknown> }> => {
  const probe = `probe-${story_}`;
  const metadata = { name: `${stage.namespace}-${story_}` };
  const [plural = '', group = ''] = on.resource.split('.', 1).concat(on.resource.split('.').slice(1).join('.'));
  const rule = (apiGroup: string, resource: string): object => ({
    apiGroups: [apiGroup],
    apiVersions: ['*'],
    resources: [resource],
    operations: ['CREATE', 'UPDATE'],
  });
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const policy = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': stage.namespace } },
        resourceRules: [rule(group, plural), rule('', 'configmaps')],
      },
      matchConditions: [
        { name: 'sluice', expression: `request.userInfo.username == "${sluice}"` },
        { name: 'object', expression: `object.metadata.name in ["${on.name}", "${probe}"]` },
      ],
      validations: [
        {
          expression: `object.metadata.name != "${probe}" && ${on.unless ?? 'false'}`,
          message: `not on a Friday (${story_})`,
        },
      ],
    },
  };
  const binding = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: metadata.name, validationActions: ['Deny'] },
  };
  await stage.apply(policy, binding);
  const create = ['create', 'configmap', probe, '--dry-run=server', '--as', sluice, '--as-group', 'system:masters'];
  await waitUntil('the policy to be in force', async () => (await stage.kubectl(...create)).code !== 0);
  return {
    lift: () =>
      stage.kubectlOk(
        'delete',
        `validatingadmissionpolicybinding/${metadata.name}`,
        `validatingadmissionpolicy/${metadata.name}`,
      ),
  };
};

type AuditLine = {
  readonly impersonatedUser?: { readonly username?: string };
  readonly objectRef?: { readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
};
/** How often the API server has refused Sluice's writes to this object. */
const refusals = async (name: string): Promise<number> =>
  (await readFile(stage.cluster.auditLog, 'utf8'))
    .split('\n')
    .filter((line) => line.includes(`"${stage.namespace}"`) && line.includes('"ResponseComplete"'))
    .map((line) => JSON.parse(line) as AuditLine)
    .filter(({ impersonatedUser, objectRef, responseStatus }) =>
      [
        impersonatedUser?.username === sluice,
        objectRef?.name === name,
        [403, 422].includes(responseStatus?.code ?? 0),
      ].every(Boolean),
    ).length;
/** The back-off begins at 0.1 s and doubles: seconds of refusals are a handful of attempts. A loop would make hundreds. */
const mostAttempts = 20;

story(
  'an injector after Sluice: one release of what is stored, promoted through it, and none after',
  'injected',
  async (name) => {
    await released(name);
    await expectDone(name);
    expect(JSON.stringify(workload(name).spec.template)).toContain('sluice.test/host:1');
    await stage.apply(manifest(name, 'v2', {}));
    await stage.kubectlOk('label', 'deployment', name, 'seen=again');
    await stage.until('the label', () => workload(name).metadata.labels?.['seen'] === 'again');
    expect(stage.releases(name)).toHaveLength(1);
    expect(workload(name).spec.paused).toBeUndefined();
  },
);

story('an injector that would change what is promoted: refused until it does not', 'upgraded', async (name) => {
  await released(name, { annotations: approved });
  await untilPhase(name, 'Waiting');
  const before = workload(name).spec.template;
  webhooks.set(name, injects('2'));
  await ask('promote', name);
  const { status } = await untilTold(name, 'changes the pod template in a write of Sluice');
  expect(status).toMatchObject({ phase: 'Promoting' });
  expect(status?.message).toContain('image of container sidecar: sluice.test/host:1 → sluice.test/host:2');
  await stage.until('an event', () => stage.events(name).some((event) => event.startsWith('WriteRefused: ')));
  await waitUntil('a few attempts', async () => (await refusals(name)) >= 4);
  expect([workload(name).spec.paused, workload(name).spec.template]).toEqual([true, before]);
  webhooks.set(name, injects());
  await expectDone(name);
  expect(await refusals(name)).toBeLessThan(mostAttempts);
});

story(
  'an injector that would change the stable template, each time otherwise: the canary goes, then the refusal is told',
  'aborted',
  async (name) => {
    await released(name, { annotations: approved });
    await untilPhase(name, 'Waiting');
    // Its words are others each time.
    webhooks.set(name, restamps);
    await ask('abort', name);
    await untilTold(name, 'changes the pod template in a write of Sluice');
    await stage.until('the canary to go', () => stage.deployment(`${name}-canary`) === undefined);
    await waitUntil('a few attempts', async () => (await refusals(name)) >= 5);
    expect(workload(name).spec.paused).toBe(true);
    webhooks.set(name, injects());
    await untilPhase(name, 'Aborted');
    expect(JSON.stringify(workload(name).spec.template)).toContain('sluice.test/app:v1');
    expect(await refusals(name)).toBeLessThan(mostAttempts);
  },
);

const admitted = (name: string): string | undefined => readMarks(workload(name).metadata.annotations).admitted;

story(
  'a first version that an injector changes after our last answer: no release, and the mark follows in one write',
  'stamped',
  async (name) => {
    await stage.apply(service(name), manifest(name, 'v1', {}));
    await stage.untilRolledOut(name);
    const { spec } = workload(name);
    await stage.until('the mark of what is stored', () => admitted(name) === templateHash(spec.template));
    expect(workload(name).spec).toEqual(spec);
    expect(stage.releases(name)).toEqual([]);
    expect(await refusals(name)).toBe(0);
  },
);

story(
  'an injector after Sluice that opts in a workload: its first version is no release, the second is one',
  'enrolled',
  async (name) => {
    await released(name, { annotations: {} });
    await expectDone(name);
    expect(JSON.stringify(workload(name).spec.template)).toContain('sluice.test/host:1');
  },
);

story(
  'the same for a workload that is there, with a new template: refused, with the way out',
  'joined',
  async (name) => {
    await stage.apply(service(name), manifest(name, 'v1', { annotations: {} }));
    await stage.untilRolledOut(name);
    webhooks.set(name, enrols);
    const { code, stderr } = await stage.send([manifest(name, 'v2', { annotations: {} })]);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('another admission controller opted in')]);
    expect(stderr).toContain('Give the configuration of the other admission controller a name that sorts before');
    expect(JSON.stringify(workload(name).spec.template)).toContain('sluice.test/app:v1');
  },
);

story('an injector that changes the canary alone: said in an event', 'differs', async (name) => {
  await released(name);
  const told = await stage.until('an event', () =>
    stage.events(name).find((event) => event.startsWith('CanaryDiffers: ')),
  );
  expect(told).toContain('annotation example.com/stamp: added');
  await expectDone(name);
});

story('a policy that refuses the canary: its words, and on when it is gone', 'friday', async (name) => {
  const { lift } = await refuse(name, { resource: 'deployments.apps', name: `${name}-canary` });
  await released(name);
  const { status } = await untilTold(name, `not on a Friday (${name})`);
  expect(status).toMatchObject({ phase: 'Preparing', lastWriteError: { message: expect.stringContaining('Friday') } });
  await waitUntil('a few attempts', async () => (await refusals(`${name}-canary`)) >= 4);
  expect([workload(name).spec.paused, workload(name).status?.availableReplicas]).toEqual([true, 1]);
  await lift();
  await expectDone(name);
  expect(await refusals(`${name}-canary`)).toBeLessThan(mostAttempts);
});

story(
  'a policy that refuses the promotion: the canary keeps its share, and on when it is gone',
  'closed',
  async (name) => {
    const unless = '(object.spec.?paused.orValue(false) || !oldObject.spec.?paused.orValue(false))';
    const { lift } = await refuse(name, { resource: 'deployments.apps', name, unless });
    await released(name);
    await untilTold(name, `not on a Friday (${name})`);
    expect(stage.release(name)?.status).toMatchObject({ phase: 'Promoting', weight: 50 });
    expect(stage.deployment(`${name}-canary`)?.status?.['readyReplicas']).toBe(1);
    await lift();
    await expectDone(name);
    expect(await refusals(name)).toBeLessThan(mostAttempts);
  },
);

story('a policy that refuses the route: no traffic moves, and on when it is gone', 'routed', async (name) => {
  const route = `${name}-routes`;
  const { lift } = await refuse(name, { resource: 'virtualservices.networking.istio.io', name: route });
  await stage.apply(virtualService(name));
  await released(name, { annotations: { ...quick, 'sluice.dev/provider': 'istio' } });
  await untilTold(name, `not on a Friday (${name})`);
  await waitUntil('a few attempts', async () => (await refusals(route)) >= 4);
  expect(stage.release(name)?.status).toMatchObject({ phase: 'Progressing', step: 1 });
  await lift();
  await expectDone(name);
  expect(await refusals(route)).toBeLessThan(mostAttempts);
});

story('a webhook of others that does not answer: its name, and on when it is gone', 'dead', async (name) => {
  const canary = `${name}-canary`;
  const configuration = `${stage.namespace}-${name}`;
  await stage.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: configuration },
    webhooks: [
      {
        name: 'dead.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig: { url: 'https://127.0.0.1:9/' },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': stage.namespace } },
        matchConditions: [{ name: 'canary', expression: `object.metadata.name == "${canary}"` }],
        rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE'] }],
      },
    ],
  });
  const create = ['create', 'deployment', canary, '--image=none', '--dry-run=server'];
  await waitUntil('the webhook to be asked', async () => (await stage.kubectl(...create)).code !== 0);
  await released(name);
  const { status } = await untilTold(name, 'failed calling webhook "dead.example.com"');
  expect(status).toMatchObject({ phase: 'Preparing' });
  await stage.kubectlOk('delete', 'mutatingwebhookconfiguration', configuration);
  await expectDone(name);
});

story(
  "a quota that refuses the canary's pods: its words at once, and on when there is room",
  'crowded',
  async (name) => {
    const priority = `${stage.namespace}-${name}`;
    const quota = (pods: string): object => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name },
      spec: {
        hard: { pods },
        scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: [priority] }] },
      },
    });
    await stage.apply(
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: priority }, value: 1 },
      quota('1'),
    );
    await released(name, { spec: { priorityClassName: priority } });
    const { status } = await untilTold(
      name,
      'no pod for the canary, and tried again: pods is forbidden: exceeded quota',
    );
    expect(status).toMatchObject({ phase: 'Preparing' });
    expect(workload(name).status?.availableReplicas).toBe(1);
    await stage.apply(quota('5'));
    await expectDone(name);
    await stage.kubectlOk('delete', `priorityclass/${priority}`);
  },
);
