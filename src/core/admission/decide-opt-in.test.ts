/** Workloads opted in by labels, their namespace or a policy instead of their own annotations. */
import { sourceForms } from '../../metrics/index.ts';
import { describe, expect, it, test } from '@jest/globals';
import { aDeployment, aTemplate, type DeploymentTraits } from '../../../test/support/a-deployment.ts';
import { after, anInput } from '../../../test/support/admission-input.ts';
import { failed, idle, markedV2, running } from '../../../test/support/admission-traits.ts';
import type { Deployment, JsonObject, Labels, PodTemplate } from '../../values/kube-object.ts';
import type { SelectingPolicy } from '../policy/opt-in.ts';
import { parsePolicy, type PolicyInput } from '../policy/parse-policy.ts';
import { decide, type Decision } from './decide.ts';
import type { DecideInput } from './facts.ts';

type Around = Partial<Pick<PolicyInput, 'namespaceLabels' | 'selecting' | 'find' | 'names'>> &
  Partial<Pick<DecideInput, 'operation' | 'claimModes'>>;

const careful = (more: Partial<SelectingPolicy> = {}): SelectingPolicy => ({
  kind: 'CanaryPolicy',
  name: 'careful',
  createdAt: '2026-01-02T00:00:00Z',
  selector: { matchLabels: { tier: 'front' } },
  namespaceSelector: {},
  ...more,
});
const on: Labels = { 'sluice.dev/canary': 'enabled' };
const off: Labels = { 'sluice.dev/canary': 'disabled' };
const front: Labels = { tier: 'front' };

const labelled = (traits: DeploymentTraits, labels: Labels): Deployment => {
  const made = aDeployment(traits);
  return { ...made, metadata: { ...made.metadata, labels } };
};
const decideWith = (
  { operation = 'UPDATE', claimModes, ...around }: Around,
  old: Deployment,
  object: Deployment,
): Decision =>
  decide({
    ...anInput(old, object),
    operation,
    ...(claimModes === undefined ? {} : { claimModes }),
    policyOf: ({ metadata }) =>
      parsePolicy({
        forms: sourceForms,
        annotations: metadata.annotations,
        labels: metadata.labels,
        namespace: 'shop',
        find: (_name, kind) => ({ kind: kind ?? 'CanaryPolicy', spec: { weights: [7] } }),
        ...around,
      }),
  });
const [v1, v2] = [{ image: 'web:1' }, { image: 'web:2' }] as const;

describe('a new template of a workload', () => {
  test.each<[string, Labels, Around, readonly [row: Decision['case'], paused: boolean]]>([
    ['with the label', on, {}, ['released', true]],
    ['with a policy in a label', { 'sluice.dev/policy': 'careful' }, {}, ['released', true]],
    ['in a namespace with the label', {}, { namespaceLabels: on }, ['released', true]],
    ['that a policy selects', front, { selecting: [careful()] }, ['released', true]],
    ['that no policy selects', { tier: 'back' }, { selecting: [careful()] }, ['not-opted-in', false]],
    ['opted out by label in such a namespace', off, { namespaceLabels: on }, ['not-opted-in', false]],
    ['opted out by label of a policy', { ...front, ...off }, { selecting: [careful()] }, ['not-opted-in', false]],
    ['in a namespace that is opted out', {}, { namespaceLabels: off }, ['not-opted-in', false]],
  ])('%s', (_name, labels, around, [row, paused]) => {
    const object = labelled(v2, labels);
    const decision = decideWith(around, labelled(v1, labels), object);
    expect([decision.allowed, decision.case]).toEqual([true, row]);
    expect(after(object, decision).spec.paused ?? false).toBe(paused);
  });

  it('is released by the policy that selects the workload, and the warning says so', () => {
    const { warnings } = decideWith({ selecting: [careful()] }, labelled(v1, front), labelled(v2, front));
    expect(warnings[0]).toContain('7 percent of the traffic');
  });

  it('is released with a warning where several policies select the workload', () => {
    const selecting = [careful({ name: 'younger', createdAt: '2026-03-01T00:00:00Z' }), careful()];
    const { warnings } = decideWith({ selecting }, labelled(v1, front), labelled(v2, front));
    expect(warnings.at(-1)).toBe(
      'CanaryPolicy/careful is used, the oldest policy that selects this workload; CanaryPolicy/younger would fit as well. Name the one you mean in sluice.dev/policy',
    );
  });
});

const pod = (spec: JsonObject): PodTemplate => ({
  ...aTemplate('web:2'),
  spec: { ...aTemplate('web:2').spec, ...spec },
});
const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
const onHost = { containers: [{ name: 'app', image: 'web:2', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
const doubled: readonly [string, DeploymentTraits, string][] = [
  ['F13: with strategy Recreate', { ...v2, strategy: 'Recreate' }, 'strategy Recreate'],
  ['F13: with a claim', { template: pod({ volumes: [claim] }) }, 'unknown PersistentVolumeClaim data'],
  ['F13: with a port of the node', { template: pod(onHost) }, 'hostPort 8080'],
];

describe('a workload whose pods should not run beside each other', () => {
  it.each(doubled)('%s: rolls natively where only its namespace opts it in, and it is said', (_, traits, what) => {
    const [old, object] = [labelled({ ...traits, template: aTemplate('web:1') }, {}), labelled(traits, {})];
    const decision = decideWith({ namespaceLabels: on }, old, object);
    expect([decision.case, after(object, decision).spec.paused ?? false]).toEqual(['rolls-alone', false]);
    expect(decision.warnings[0]).toContain(`this template rolls natively: ${what} says that`);
    // What rolled is known: nothing was bypassed.
    expect(after(object, decision).metadata.annotations).toHaveProperty(['sluice.dev/admitted']);
  });

  it.each(doubled)('%s: is released where it opts in itself, with a warning', (_, traits, what) => {
    const own = { ...traits, annotations: on };
    const decision = decideWith({}, aDeployment({ ...own, template: aTemplate('web:1') }), aDeployment(own));
    expect(decision.case).toBe('released');
    expect(decision.warnings.find((line) => line.startsWith(what))).toContain('write sluice.dev/canary: disabled');
    const first = decide({ ...anInput(aDeployment(own), aDeployment(own)), operation: 'CREATE' });
    expect(first.warnings.find((line) => line.startsWith(what))).toBeDefined();
  });

  it.each([
    [
      'a claim that is only read',
      { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'd', readOnly: true } }] },
    ],
    ['a volume that each pod has of its own', { volumes: [{ name: 'd', ephemeral: { volumeClaimTemplate: {} } }] }],
    ['volumes of an odd shape', { volumes: [null, 'x', { persistentVolumeClaim: 'y' }], containers: 'z' }],
  ])('F13: %s speaks against nothing', (_, spec) => {
    const object = labelled({ template: pod(spec) }, {});
    expect(decideWith({ namespaceLabels: on }, labelled(v1, {}), object).case).toBe('released');
  });

  it('F16: who opts in by a namespace is told what happens without a Service', () => {
    const { warnings } = decideWith({ namespaceLabels: on }, labelled(v1, {}), labelled(v2, {}));
    expect(warnings.join('\n')).toContain('if no Service selects its pods, it rolls natively');
  });
});

describe('F11: a policy that is not there yet', () => {
  const names = { 'sluice.dev/policy': 'carefull' };
  const nothing = { find: () => undefined, names: () => ['careful'] };

  it('F11: holds a new template, and says what is missing', () => {
    const [old, object] = [aDeployment({ ...v1, annotations: names }), aDeployment({ ...v2, annotations: names })];
    const decision = decideWith(nothing, old, object);
    expect([decision.case, after(object, decision).spec.paused]).toEqual(['released', true]);
    expect(decision.warnings.join('\n')).toContain('Did you mean "careful"? Until it is there, the release waits');
  });

  it('F11: is only warned of in a write that names it, and with the first version', () => {
    const object = aDeployment({ ...v1, annotations: names });
    const warning = expect.stringContaining('the next change of the pod template is held');
    expect(decideWith(nothing, aDeployment(v1), object).warnings).toContainEqual(warning);
    const first = decideWith({ ...nothing, operation: 'CREATE' }, object, object);
    expect([first.case, first.warnings.at(-1)]).toEqual(['created', warning]);
  });

  it('F11: refuses whatever else is wrong', () => {
    const wrong = aDeployment({ ...v1, annotations: { ...names, 'sluice.dev/interval': 'soon' } });
    expect(decideWith(nothing, aDeployment(v1), wrong).problems).toHaveLength(2);
  });
});

describe('F13: the access modes of a claim that a workload mounts', () => {
  const mounts = { template: pod({ volumes: [claim] }) };
  const withModes = (accessModes: readonly string[] | undefined): Around => ({
    claimModes: (namespace, name) => (namespace === 'shop' && name === 'data' ? accessModes : undefined),
  });
  const released = (accessModes: readonly string[] | undefined, labels: Labels): Decision =>
    decideWith(
      { ...withModes(accessModes), ...(labels === on ? {} : { namespaceLabels: on }) },
      labelled(v1, labels),
      labelled(mounts, labels),
    );

  it.each([
    [['ReadWriteMany']],
    [['ReadOnlyMany']],
    [['ReadWriteOnce', 'ReadWriteMany']],
    [['ReadWriteOncePod', 'ReadWriteMany']],
  ])('F13: %j speaks against nothing', (modes) => {
    expect(released(modes, {}).case).toBe('released');
    expect(released(modes, on).warnings.join('\n')).not.toContain('PersistentVolumeClaim');
  });

  it.each([
    ['ReadWriteOnce PersistentVolumeClaim data', 'two versions write to it', ['ReadWriteOnce']],
    ['ReadWriteOnce PersistentVolumeClaim data', 'two versions write to it', ['ReadWriteOnce', 'ReadOnlyMany']],
    ['ReadWriteOncePod PersistentVolumeClaim data', 'the canary never starts', ['ReadWriteOncePod']],
    ['unknown PersistentVolumeClaim data', 'Sluice does not know this claim (yet)', undefined],
    ['unknown PersistentVolumeClaim data', 'Sluice does not know this claim (yet)', ['FromTheFuture']],
  ])('F13: %s: %s', (what, happens, modes) => {
    const alone = released(modes, {});
    expect(alone.case).toBe('rolls-alone');
    expect(alone.warnings[0]).toContain(`this template rolls natively: ${what} says that`);
    const asked = released(modes, on);
    expect(asked.case).toBe('released');
    expect(asked.warnings.find((line) => line.startsWith(what))).toContain(happens);
  });
});

describe('labels of ours', () => {
  it('that are misspelt are refused', () => {
    const labels = { 'sluice.dev/canray': 'enabled' };
    const { allowed, problems } = decideWith({}, aDeployment(v1), labelled(v1, labels));
    expect([allowed, problems[0]?.field]).toEqual([false, 'label sluice.dev/canray']);
  });

  it('that were there before do not stand in the way of other changes', () => {
    const labels = { 'sluice.dev/canray': 'enabled' };
    expect(decideWith({}, labelled(v1, labels), labelled(v2, labels)).allowed).toBe(true);
  });

  it('may be wrong on a workload that is opted out by annotation', () => {
    const object = labelled({ ...v1, annotations: off }, { 'sluice.dev/policy': 'x', 'sluice.dev/y': '' });
    expect(decideWith({}, aDeployment(v1), object).allowed).toBe(true);
  });
});

describe('a namespace that is opted out in the middle of a release', () => {
  const marked = Object.fromEntries(Object.entries(markedV2()).filter(([key]) => key !== 'sluice.dev/canary'));
  const held = { ...running, annotations: marked };

  it('changes nothing about a release that nobody touches', () => {
    const scaled = aDeployment({ ...held, replicas: 9 });
    // The API server does not send this write; if it did, the next row would apply.
    expect(decideWith({ namespaceLabels: on }, aDeployment(held), scaled).case).toBe('kept');
  });

  test.each<[string, DeploymentTraits]>([
    ['a new template', { ...held, image: 'web:3' }],
    ['a resume', { ...held, paused: false }],
  ])('%s rolls natively, and no mark stays', (_name, traits) => {
    const object = aDeployment(traits);
    const decision = decideWith({}, aDeployment(held), object);
    expect(decision.case).toBe('opted-out');
    expect(after(object, decision)).toMatchObject({ spec: { template: object.spec.template } });
    expect(after(object, decision).spec.paused ?? false).toBe(false);
    expect(Object.keys(after(object, decision).metadata.annotations ?? {})).toEqual([]);
    expect(decision.warnings[0]).toContain('nothing asks for canary releases of this workload any more');
  });

  it('frees a failed template by a resume', () => {
    const object = aDeployment({ ...failed, paused: false, annotations: {} });
    expect(decideWith({}, aDeployment(failed), object).case).toBe('opted-out');
  });

  it('leaves the release alone where the workload says itself that it is opted in', () => {
    expect(decideWith({ namespaceLabels: off }, aDeployment(idle), aDeployment({ ...idle, ...v2 })).case).toBe(
      'released',
    );
  });
});
