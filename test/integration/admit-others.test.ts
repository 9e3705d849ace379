/** Other admission controllers around ours, on a real API server: no false canary, no lost one, nothing half done. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { boundMarks, readMarks } from '../../src/core/marks/marks.ts';
import type { Deployment } from '../../src/values/kube-object.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { attach } from '../cluster/up.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { aManifest, startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';
import {
  appends,
  injects,
  resolves,
  restamps,
  startOtherWebhooks,
  stripsMarks,
  unpauses,
  type OtherWebhook,
  type OtherWebhooks,
} from '../support/other-webhooks.ts';

const [v1, v2, v3] = ['sluice.test/app:1', 'sluice.test/app:2', 'sluice.test/app:3'] as const;
const [old2, new2] = ['a', 'b'].map((digit) => `sluice.test/app@sha256:${digit.repeat(64)}`) as [string, string];
const namespace = `admit-others-${process.pid}`;

const others: readonly OtherWebhook[] = [
  { name: 'injector-before', asked: 'before', change: injects() },
  { name: 'injector-after', asked: 'after', change: injects() },
  { name: 'injector-after-again', asked: 'after', reinvocationPolicy: 'IfNeeded', change: injects() },
  { name: 'upgraded-before', asked: 'before', change: injects() },
  { name: 'upgraded-after', asked: 'after', change: injects() },
  { name: 'appender-before', asked: 'before', reinvocationPolicy: 'IfNeeded', change: appends },
  { name: 'appender-after', asked: 'after', change: appends },
  { name: 'appender-after-again', asked: 'after', reinvocationPolicy: 'IfNeeded', change: appends },
  { name: 'stamper-before', asked: 'before', change: restamps },
  { name: 'stamper-after', asked: 'after', change: restamps },
  { name: 'digester', asked: 'before', change: resolves({ [v2]: old2 }) },
  { name: 'unpauser', asked: 'after', change: () => undefined },
  { name: 'stripper', asked: 'after', change: () => undefined },
  { name: 'unpauser-again', asked: 'after', reinvocationPolicy: 'IfNeeded', change: () => undefined },
  { name: 'stripper-again', asked: 'after', reinvocationPolicy: 'IfNeeded', change: () => undefined },
];

let cluster: Cluster;
let kit: AdmissionKit;
let webhooks: OtherWebhooks;

type Story = readonly [title: string, run: () => Promise<void>];
const stories: Story[] = [];
const running = new Map<string, Promise<void>>();
/** Stories have nothing to do with each other and go on at the same time; each test waits for its own. */
const story = (title: string, run: () => Promise<void>): void => {
  stories.push([title, run]);
  it(title, () => running.get(title), 120_000);
};

const manifest = (name: string, image: string): ReturnType<typeof aManifest> => {
  const plain = aManifest(name, image);
  return {
    ...plain,
    metadata: { ...plain.metadata, labels: { other: name } },
    spec: { ...plain.spec, replicas: 1 },
  } as typeof plain;
};
const apply = (name: string, image: string): ReturnType<AdmissionKit['kubectl']> =>
  kit.kubectl(['apply', '-f', '-'], manifest(name, image));
const applied = async (name: string, image: string): Promise<Deployment> => {
  await kit.succeed(['apply', '-f', '-'], manifest(name, image));
  return kit.deployment(name);
};
/** Version 1, available, as the other webhook of this name has made it. */
const rolledOut = async (name: string): Promise<Deployment> => {
  await applied(name, v1);
  await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=100s']);
  return kit.deployment(name);
};
const label = (name: string): ReturnType<AdmissionKit['kubectl']> =>
  kit.kubectl(['label', 'deployment', name, `at=t${kit.asked(name).length}-${process.hrtime.bigint()}`, '--overwrite']);
const images = ({ spec }: Deployment): readonly string[] =>
  (spec.template.spec as { readonly containers: readonly { readonly image: string }[] }).containers.map((c) => c.image);
/** The questions about an object that `act` causes. */
const asking = async (name: string, act: () => Promise<unknown>): Promise<readonly string[]> => {
  const before = kit.asked(name).length;
  await act();
  return kit.asked(name).slice(before);
};
const state = ({ spec, metadata }: Deployment): unknown => [spec, readMarks(metadata.annotations)];
/** Paused, with marks that are bound to the very template that is stored. */
const expectHeld = (held: Deployment): string => {
  expect(held.spec.paused).toBe(true);
  expect(boundMarks(held)).toBeDefined();
  expect(boundMarks(held)?.phase).toBeUndefined();
  return boundMarks(held)?.release ?? '';
};
/** Nothing is held, and what is stored serves by our leave: the mark that says so is of the final template, too. */
const expectIdle = ({ spec, metadata }: Deployment): void => {
  // Who has ended a release is named until the controller has recorded it.
  const { requestedBy: _author, ...marked } = readMarks(metadata.annotations);
  expect([spec.paused, marked]).toEqual([undefined, { admitted: templateHash(spec.template) }]);
};

beforeAll(async () => {
  cluster = await attach();
  kit = await startAdmission(cluster, namespace);
  // What limits and standards say about pods is said about pods, and must not change a template.
  await kit.succeed(['label', 'namespace', namespace, 'pod-security.kubernetes.io/warn=restricted']);
  await kit.succeed(['apply', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'defaults' },
    spec: { limits: [{ type: 'Container', default: { memory: '64Mi' }, defaultRequest: { cpu: '1m' } }] },
  });
  webhooks = await startOtherWebhooks({ cluster, namespace, sluice: namespace }, kit, others);
  for (const [title, run] of stories) {
    const ending = run();
    ending.catch(() => undefined);
    running.set(title, ending);
  }
}, 180_000);
afterAll(async () => {
  await Promise.allSettled(running.values());
  await webhooks.stop();
  await kit.stop();
});

for (const [name, again] of [
  ['injector-before', 0],
  ['injector-after', 1],
  ['injector-after-again', 1],
] as const) {
  story(`a sidecar injector (${name}): one release for one change, and none for none`, async () => {
    const first = await rolledOut(name);
    expect(images(first)).toEqual([v1, 'sluice.test/host:1']);
    expectIdle(await applied(name, v1));
    expect((await label(name)).code).toBe(0);
    expect(state(await kit.deployment(name))).toEqual(state(first));
    const asked = await asking(name, () => applied(name, v2));
    // Asked a second time where the template changed after the first, and the answer is about what is stored.
    expect(asked).toEqual([...Array<string>(1 + again).fill('mutate released'), 'validate validated']);
    const held = await kit.deployment(name);
    expect(images(held)).toEqual([v2, 'sluice.test/host:1']);
    expectHeld(held);
    expect(state(await applied(name, v2))).toEqual(state(held));
    expect((await label(name)).code).toBe(0);
    expect(state(await kit.deployment(name))).toEqual(state(held));
    const aborted = await applied(name, v1);
    expectIdle(aborted);
    expect(aborted.spec.template).toEqual(first.spec.template);
  });
}

story('an injector of a new version, asked before us, makes of any write a release, which says so', async () => {
  const name = 'upgraded-before';
  await rolledOut(name);
  webhooks.set(name, injects('2'));
  const { code, stderr } = await label(name);
  expect([code, stderr]).toEqual([0, expect.stringContaining('image of container sidecar: sluice.test/host:1 → ')]);
  const held = await kit.deployment(name);
  expect(images(held)).toEqual([v1, 'sluice.test/host:2']);
  const release = expectHeld(held);
  expect((await label(name)).code).toBe(0);
  expect(expectHeld(await kit.deployment(name))).toBe(release);
});

story('an injector of a new version, asked after us, changes nothing until a template changes', async () => {
  const name = 'upgraded-after';
  const first = await rolledOut(name);
  webhooks.set(name, injects('2'));
  let denied = await label(name);
  const asked = await asking(name, async () => (denied = await label(name)));
  // We were not asked about a label; what became of it is seen at the end, and refused.
  expect(asked).toEqual(['validate changed-after']);
  expect(denied.code).not.toBe(0);
  expect(denied.stderr).toContain('something else changed the pod template');
  expect(denied.stderr).toContain('image of container sidecar: sluice.test/host:1 → sluice.test/host:2');
  expect(state(await kit.deployment(name))).toEqual(state(first));
  // Scaling goes past all of it.
  await kit.succeed(['scale', 'deployment', name, '--replicas=2']);
  const held = await applied(name, v2);
  expect(images(held)).toEqual([v2, 'sluice.test/host:2']);
  expectHeld(held);
});

story('an injector that adds another sidecar each time, asked before us and again: the marks follow', async () => {
  const name = 'appender-before';
  await rolledOut(name);
  const release = expectHeld(await applied(name, v2));
  // It changes the template at each write: that is another release, of what is stored then.
  expect((await label(name)).code).toBe(0);
  expect(expectHeld(await kit.deployment(name))).not.toBe(release);
});

story('the same, asked after us once: the marks are of what is stored', async () => {
  const name = 'appender-after';
  const first = await rolledOut(name);
  const held = await applied(name, v2);
  expect(images(held).length).toBe(images(first).length + 1);
  expectHeld(held);
});

story('the same, asked after us and again after our answer: refused, and nothing is stored', async () => {
  const name = 'appender-after-again';
  const first = await rolledOut(name);
  const { code, stderr } = await apply(name, v2);
  expect([code === 0, stderr]).toEqual([false, expect.stringContaining('reinvocationPolicy Never')]);
  expect(state(await kit.deployment(name))).toEqual(state(first));
});

story(
  'another template at each write, asked before us: each write is one release, and nothing follows from it',
  async () => {
    const name = 'stamper-before';
    await rolledOut(name);
    const release = expectHeld(await applied(name, v2));
    expect((await label(name)).stderr).toContain(`release ${release} is superseded`);
    const next = await kit.deployment(name);
    expect(expectHeld(next)).not.toBe(release);
    // The Deployment controller's writes of the status are no writes of a template.
    const generation = String(next.metadata.generation);
    await kit.succeed(['wait', `deployment/${name}`, `--for=jsonpath={.status.observedGeneration}=${generation}`]);
    expect(state(await kit.deployment(name))).toEqual(state(next));
  },
);

story(
  'another template at each write, asked after us: a release where the template was changed, else refused',
  async () => {
    const name = 'stamper-after';
    await rolledOut(name);
    expectHeld(await applied(name, v2));
    const held = await kit.deployment(name);
    expect((await label(name)).stderr).toContain('annotation example.com/stamp: ');
    expect(state(await kit.deployment(name))).toEqual(state(held));
  },
);

story('a tag that becomes a digest: the same digest is the same template, another one is a release', async () => {
  const name = 'digester';
  await rolledOut(name);
  const held = await applied(name, v2);
  expect(images(held)).toEqual([old2]);
  const release = expectHeld(held);
  expect(state(await applied(name, v2))).toEqual(state(held));
  webhooks.set(name, resolves({ [v2]: new2 }));
  const { stderr } = await apply(name, v2);
  expect(stderr).toContain(`release ${release} is superseded`);
  const next = await kit.deployment(name);
  expect([images(next), expectHeld(next) === release]).toEqual([[new2], false]);
  // It fails: now it is the tag that is stored, and a template of its own.
  webhooks.set(name, () => undefined);
  expect(images(await applied(name, v2))).toEqual([v2]);
  expectHeld(await kit.deployment(name));
  webhooks.set(name, () => 'the registry does not answer');
  const { code } = await apply(name, v3);
  expect([code === 0, images(await kit.deployment(name))]).toEqual([false, [v2]]);
});

for (const [name, change, words] of [
  ['unpauser', unpauses, 'something else changed spec.paused'],
  ['stripper', stripsMarks, 'something else changed the annotations that Sluice keeps'],
] as const) {
  story(`an ${name} after us: our answer is put back, or the write is refused`, async () => {
    await rolledOut(name);
    webhooks.set(name, change);
    // It is not asked again, and we are.
    const held = await applied(name, v2);
    expect([held.spec.paused, boundMarks(held)?.release]).toEqual([true, expect.stringContaining(name)]);
    // A pause without its marks is the user's, as far as anybody can tell: then the release waits for a resume.
    expect(boundMarks(held)?.phase).toBe(name === 'stripper' ? 'UserPaused' : undefined);
    const { code, stderr } = await label(name);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(words)]);
    expect(state(await kit.deployment(name))).toEqual(state(held));
  });

  story(`an ${name} after us that is asked again is refused, and nothing is stored`, async () => {
    const first = await rolledOut(`${name}-again`);
    webhooks.set(`${name}-again`, change);
    const { code, stderr } = await apply(`${name}-again`, v2);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('reinvocationPolicy Never')]);
    expect(state(await kit.deployment(`${name}-again`))).toEqual(state(first));
  });
}

story(
  'a MutatingAdmissionPolicy changes templates before us, a ValidatingAdmissionPolicy refuses after us',
  async () => {
    const name = 'policies';
    const policies = admissionPolicies(name);
    await cluster.apply([...policies]);
    try {
      await waitUntil('both policies to be in force', async () => {
        const { stdout } = await kit.kubectl(
          ['create', '--dry-run=server', '-o', 'json', '-f', '-'],
          manifest(name, v1),
        );
        const refused = await kit.kubectl(['create', '--dry-run=server', '-f', '-'], manifest(name, v3));
        return stdout.includes('example.com/cost-centre') && refused.stderr.includes('version 3 is not for us');
      });
      await rolledOut(name);
      const asked = await asking(name, () => applied(name, v2));
      expect(asked).toEqual(['mutate released', 'validate validated']);
      const held = await kit.deployment(name);
      expectHeld(held);
      expect(state(await applied(name, v2))).toEqual(state(held));
      const { code, stderr } = await apply(name, v3);
      expect([code === 0, stderr]).toEqual([false, expect.stringContaining('version 3 is not for us')]);
      expect(state(await kit.deployment(name))).toEqual(state(held));
      expectIdle(await applied(name, v1));
    } finally {
      for (const { kind, metadata } of policies) await kit.kubectl(['delete', kind, metadata.name]);
    }
  },
);

story('a VPA-like updater of the template causes a release that names it; an HPA-like one causes nothing', async () => {
  const name = 'autoscaled';
  await rolledOut(name);
  expect(await asking(name, () => kit.succeed(['scale', 'deployment', name, '--replicas=2']))).toEqual([]);
  const resources = JSON.stringify([
    { op: 'add', path: '/spec/template/spec/containers/0/resources', value: { requests: { cpu: '5m' } } },
  ]);
  const patch = ['patch', 'deployment', name, '--type=json', '--field-manager=vpa-updater', '-p', resources];
  const said = await kit.kubectl(patch);
  expect(said.stderr).toContain('resources of container app: changed');
  const held = await kit.deployment(name);
  expectHeld(held);
  expect(boundMarks(held)?.requestedBy).toContain('vpa-updater');
  expect(await asking(name, () => kit.succeed(patch))).toEqual([]);
});

story(
  'a field that the API server drops after all were asked is refused: nobody has seen what would be stored',
  async () => {
    const name = 'dropped';
    const withField = (image: string): object => {
      const plain = manifest(name, image);
      const { template } = plain.spec;
      // Of a feature that is off unless somebody turns it on.
      const spec = { ...template.spec, schedulingGroup: { podGroupName: 'none' } };
      return { ...plain, spec: { ...plain.spec, template: { ...template, spec } } };
    };
    await kit.succeed(['apply', '-f', '-'], withField(v1));
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=100s']);
    const first = await kit.deployment(name);
    expect(JSON.stringify(first.spec)).not.toContain('schedulingGroup');
    for (const [image, words] of [
      [v1, 'something else changed the pod template back to what it was'],
      [v2, 'the manifest has a field that this cluster drops'],
    ] as const) {
      const { code, stderr } = await kit.kubectl(['apply', '-f', '-'], withField(image));
      expect([code === 0, stderr]).toEqual([false, expect.stringContaining(words)]);
      expect(state(await kit.deployment(name))).toEqual(state(first));
    }
    expectHeld(await applied(name, v2));
  },
);

type Policy = { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } };

const admissionPolicies = (name: string): readonly Policy[] => {
  const matchConstraints = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    objectSelector: { matchLabels: { other: name } },
    resourceRules: [
      { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] },
    ],
  };
  const annotated =
    'Object{spec: Object.spec{template: Object.spec.template{metadata: Object.spec.template.metadata{' +
    'annotations: {"example.com/cost-centre": "shop"}}}}}';
  const refused = { expression: `!object.spec.template.spec.containers.exists(c, c.image == "${v3}")` };
  const metadata = { name: `${namespace}-${name}` };
  const policyName = metadata.name;
  const specs: Readonly<Record<string, object>> = {
    MutatingAdmissionPolicy: {
      matchConstraints,
      reinvocationPolicy: 'IfNeeded',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: annotated } }],
    },
    MutatingAdmissionPolicyBinding: { policyName },
    ValidatingAdmissionPolicy: {
      matchConstraints,
      validations: [{ ...refused, message: 'version 3 is not for us' }],
    },
    ValidatingAdmissionPolicyBinding: { policyName, validationActions: ['Deny'] },
  };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return Object.entries(specs).map(([kind, spec]) => ({ apiVersion, kind, metadata, spec }));
};
