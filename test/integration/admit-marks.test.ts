/** The marks on a workload: who may write them, through which doors, and what copies of them are worth. On a real API server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { boundMarks, readMarks, readRequester } from '../../src/core/marks/marks.ts';
import type { Deployment } from '../../src/values/kube-object.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { marks } from '../../src/schema/annotations.ts';
import { attach } from '../cluster/up.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest, startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';

const [v1, v2, v3] = ['sluice.test/app:1', 'sluice.test/app:2', 'sluice.test/app:3'] as const;
let kit: AdmissionKit;
let count = 0;

const apply = ['apply', '-f', '-'];
const restoring = ['--as', sluice, '--as-group', 'system:masters'];
const fresh = (): string => `web-${(count += 1)}`;
/** A workload of v1 whose pods are available. */
const rolledOut = async (annotations?: Record<string, string>): Promise<string> => {
  const name = fresh();
  await kit.succeed(apply, aManifest(name, v1, annotations));
  await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
  kit.seen();
  return name;
};
/** The same, with a release of v2 that is held. */
const released = async (): Promise<string> => {
  const name = await rolledOut();
  await kit.succeed(apply, aManifest(name, v2));
  kit.seen();
  return name;
};
const images = async (name: string): Promise<readonly string[]> => {
  const sets = await kit.succeed([
    'get',
    'replicasets',
    '-l',
    `app=${name}`,
    '-o',
    'jsonpath={range .items[*]}{.spec.template.spec.containers[0].image}{"\\n"}{end}',
  ]);
  return sets.trim().split('\n').sort();
};
/** The Deployment controller has seen what was written last. */
const observed = async (name: string): Promise<Deployment> => {
  await kit.succeed([
    'wait',
    `deployment/${name}`,
    '--timeout=120s',
    '--for=jsonpath={.status.observedGeneration}=' + String((await kit.deployment(name)).metadata.generation),
  ]);
  return kit.deployment(name);
};
const expectHeld = async (name: string, image: string, stable: string): Promise<Deployment> => {
  const held = await observed(name);
  expect(held.spec.paused).toBe(true);
  expect(JSON.stringify(held.spec.template)).toContain(image);
  expect(boundMarks(held)).toBeDefined();
  expect(await images(name)).toEqual([stable]);
  return held;
};

beforeAll(async () => {
  kit = await startAdmission(await attach(), `admit-marks-${process.pid}`);
}, 180_000);
afterAll(async () => {
  await kit.stop();
});
beforeEach(() => void kit.seen());

describe('marks', () => {
  it('say what serves, what is released, and who asked with which tool', async () => {
    const name = await rolledOut();
    const before = await kit.deployment(name);
    await kit.succeed(apply, aManifest(name, v2));
    const marked = boundMarks(await expectHeld(name, v2, v1));
    expect(marked?.stableHash).toBe(templateHash(before.spec.template));
    expect(marked?.release).toBe(`${name}-${(before.metadata.generation ?? 0) + 1}`);
    expect(readRequester(marked?.requestedBy)).toMatchObject({ user: 'admin', tool: 'kubectl-client-side-apply' });
    expect(kit.seen()).toContain('released');
  });

  it('cannot be changed by who writes, neither through the object nor through its status', async () => {
    const name = await released();
    const before = readMarks((await kit.deployment(name)).metadata.annotations);
    const forged = {
      metadata: {
        annotations: { [marks.phase]: 'Promoting', [marks.stableHash]: 'x', [marks.knownGood]: before.releaseHash },
      },
    };
    for (const door of [[], ['--subresource=status']]) {
      await kit.succeed(['patch', 'deployment', name, '--type=merge', ...door, '-p', JSON.stringify(forged)]);
      expect(readMarks((await kit.deployment(name)).metadata.annotations)).toEqual(before);
    }
  });

  it('a write of the status with another template in it leaves the release alone', async () => {
    const name = await released();
    const before = await observed(name);
    const stale = {
      ...before,
      spec: { ...before.spec, template: { ...before.spec.template, metadata: { labels: { app: name, a: 'b' } } } },
    };
    await kit.succeed(['replace', '--subresource=status', '-f', '-'], stale);
    const after = await kit.deployment(name);
    expect([after.spec, readMarks(after.metadata.annotations)]).toEqual([
      before.spec,
      readMarks(before.metadata.annotations),
    ]);
  });

  it('Sluice itself may write them', async () => {
    const name = await released();
    const change = { metadata: { annotations: { [marks.phase]: 'Failed' } } };
    await kit.succeed(['patch', 'deployment', name, '--type=merge', ...restoring, '-p', JSON.stringify(change)]);
    expect(boundMarks(await kit.deployment(name))?.phase).toBe('Failed');
    const { stderr } = await kit.kubectl(['rollout', 'resume', `deployment/${name}`]);
    expect(stderr).toContain(`kubectl sluice retry ${name}`);
    await expectHeld(name, v2, v1);
  });
});

describe('a ReplicaSet', () => {
  it('has a template that hashes like its Deployments, so that undo meets what is known', async () => {
    const name = await rolledOut();
    const sets = JSON.parse(await kit.succeed(['get', 'replicasets', '-l', `app=${name}`, '-o', 'json'])) as {
      items: Deployment[];
    };
    const { spec } = await kit.deployment(name);
    expect(sets.items.map((set) => templateHash(set.spec.template))).toEqual([templateHash(spec.template)]);
  });

  it('carries marks that kubectl rollout undo brings back to no effect', async () => {
    const name = await released();
    const marked = readMarks((await kit.deployment(name)).metadata.annotations);
    // Promoted: the new ReplicaSet is made while the marks stand, so the controller copies them onto it.
    const patch = ['patch', 'deployment', name, '--type=merge'];
    await kit.succeed([...patch, ...restoring, '-p', '{"spec":{"paused":false}}']);
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
    const settled = { metadata: { annotations: Object.fromEntries(Object.values(marks).map((key) => [key, null])) } };
    await kit.succeed([...patch, ...restoring, '-p', JSON.stringify(settled)]);
    // One write, so that the ReplicaSet that undo goes back to never carries the skip itself.
    const skipped = aManifest(name, v3, { 'sluice.dev/canary': 'enabled', 'sluice.dev/skip': 'INC-42' });
    await kit.succeed(apply, skipped);
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
    await kit.succeed([...patch, ...restoring, '-p', JSON.stringify(settled)]);
    const sets = await kit.succeed(['get', 'replicasets', '-l', `app=${name}`, '-o', 'json']);
    expect(sets).toContain(marked.releaseHash);
    await kit.succeed(['rollout', 'undo', `deployment/${name}`]);
    const undone = await kit.deployment(name);
    expect(undone.spec.paused).toBe(true);
    expect(boundMarks(undone)?.stableHash).not.toBe(marked.stableHash);
    expect(boundMarks(undone)?.release).not.toBe(marked.release);
  });
});
