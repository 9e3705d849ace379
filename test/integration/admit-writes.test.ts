/** What kubectl's ways to write a Deployment become, on a real API server with the real controllers. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { boundMarks, readMarks, readRequester, type Marks } from '../../src/core/admission/marks.ts';
import type { Deployment } from '../../src/core/kube-object.ts';
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
  await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
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
    '--timeout=30s',
    '--for=jsonpath={.status.observedGeneration}=' + String((await kit.deployment(name)).metadata.generation),
  ]);
  return kit.deployment(name);
};
/** No release: what serves does so by our leave. */
const unmarked = ({ spec }: Deployment): Marks => ({ admitted: templateHash(spec.template) });
const expectHeld = async (name: string, image: string, stable: string): Promise<Deployment> => {
  const held = await observed(name);
  expect(held.spec.paused).toBe(true);
  expect(JSON.stringify(held.spec.template)).toContain(image);
  expect(boundMarks(held)).toBeDefined();
  expect(await images(name)).toEqual([stable]);
  return held;
};

beforeAll(async () => {
  kit = await startAdmission(await attach(), `admit-writes-${process.pid}`);
}, 120_000);
afterAll(async () => {
  await kit.stop();
});
beforeEach(() => void kit.seen());

describe('a new template becomes a release that is held', () => {
  it.each<[string, (name: string) => Promise<string>]>([
    ['kubectl apply', async (name) => (await kit.kubectl(apply, aManifest(name, v2))).stderr],
    [
      'kubectl apply --server-side',
      async (name) =>
        (await kit.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], aManifest(name, v2))).stderr,
    ],
    [
      'kubectl set image',
      async (name) => (await kit.kubectl(['set', 'image', `deployment/${name}`, `app=${v2}`])).stderr,
    ],
    [
      'kubectl patch',
      async (name) =>
        (
          await kit.kubectl([
            'patch',
            'deployment',
            name,
            '--type=json',
            '-p',
            JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: v2 }]),
          ])
        ).stderr,
    ],
    ['kubectl replace', async (name) => (await kit.kubectl(['replace', '-f', '-'], aManifest(name, v2))).stderr],
  ])('by %s', async (_way, write) => {
    const name = await rolledOut();
    const before = await kit.deployment(name);
    const warnings = await write(name);
    const held = await expectHeld(name, v2, v1);
    expect(warnings).toContain(`Warning: canary release ${name}-`);
    expect(warnings).toContain(`kubectl sluice watch ${name} -n admit-writes-`);
    expect(warnings).toContain(`image of container app: ${v1} → ${v2}`);
    expect(boundMarks(held)?.stableHash).toBe(templateHash(before.spec.template));
    expect(boundMarks(held)?.release).toMatch(new RegExp(`^${name}-\\d+$`));
    expect(readRequester(boundMarks(held)?.requestedBy)).toMatchObject({
      user: 'admin',
      tool: expect.stringMatching(/^kubectl/),
    });
    expect(kit.seen()).toContain('released');
  });

  it('by kubectl rollout restart', async () => {
    const name = await rolledOut();
    expect((await kit.kubectl(['rollout', 'restart', `deployment/${name}`])).stderr).toContain('restarted by kubectl');
    await expectHeld(name, v1, v1);
  });

  it('and nothing of it is stored in a dry run, though it is shown', async () => {
    const name = await rolledOut();
    const shown = JSON.parse(
      await kit.succeed(['apply', '--dry-run=server', '-o', 'json', '-f', '-'], aManifest(name, v2)),
    ) as Deployment;
    expect([shown.spec.paused, boundMarks(shown)?.release]).toEqual([true, `${name}-${shown.metadata.generation}`]);
    const stored = await kit.deployment(name);
    expect([stored.spec.paused, readMarks(stored.metadata.annotations)]).toEqual([undefined, unmarked(stored)]);
  });
});

describe('while a release is held', () => {
  it('applying the same again changes nothing', async () => {
    const name = await released();
    const before = await kit.deployment(name);
    expect(await kit.succeed(apply, aManifest(name, v2))).toContain('unchanged');
    expect((await kit.deployment(name)).metadata.generation).toBe(before.metadata.generation);
  });

  it('applying the same again on the server side changes nothing, however often', async () => {
    const name = fresh();
    const ssa = ['apply', '--server-side', '-f', '-'];
    await kit.succeed(ssa, aManifest(name, v1));
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    await kit.succeed(ssa, aManifest(name, v2));
    const held = await expectHeld(name, v2, v1);
    await kit.succeed(ssa, aManifest(name, v2));
    await kit.succeed(ssa, aManifest(name, v2));
    const again = await kit.deployment(name);
    expect([again.spec.paused, readMarks(again.metadata.annotations)]).toEqual([
      true,
      readMarks(held.metadata.annotations),
    ]);
  });

  it('a replace that carries neither pause nor marks keeps both', async () => {
    const name = await released();
    const before = await kit.deployment(name);
    const { code, stderr } = await kit.kubectl(['replace', '-f', '-'], aManifest(name, v2));
    expect([code, stderr]).toEqual([0, expect.stringContaining(`kubectl sluice promote ${name}`)]);
    const held = await expectHeld(name, v2, v1);
    expect(readMarks(held.metadata.annotations)).toEqual(readMarks(before.metadata.annotations));
  });

  it('kubectl rollout resume is answered with the commands that decide', async () => {
    const name = await released();
    const { code, stderr } = await kit.kubectl(['rollout', 'resume', `deployment/${name}`]);
    expect(code).toBe(0);
    for (const verb of ['promote', 'abort', 'skip']) expect(stderr).toContain(`kubectl sluice ${verb} ${name} -n`);
    await expectHeld(name, v2, v1);
  });

  it('another template supersedes it', async () => {
    const name = await released();
    const before = boundMarks(await kit.deployment(name));
    expect((await kit.kubectl(apply, aManifest(name, v3))).stderr).toContain(
      `release ${before?.release} is superseded`,
    );
    const after = boundMarks(await expectHeld(name, v3, v1));
    expect(after?.stableHash).toBe(before?.stableHash);
    expect(after?.release).not.toBe(before?.release);
  });

  it.each<[string, (name: string) => Promise<string>]>([
    ['kubectl apply', (name) => kit.succeed(apply, aManifest(name, v1))],
    ['kubectl replace', (name) => kit.succeed(['replace', '-f', '-'], aManifest(name, v1))],
  ])('the template that serves aborts it without a pod being touched, by %s', async (_way, write) => {
    const name = await rolledOut();
    const pods = await kit.succeed(['get', 'pods', '-l', `app=${name}`, '-o', 'name']);
    await kit.succeed(apply, aManifest(name, v2));
    await write(name);
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    const aborted = await kit.deployment(name);
    expect([aborted.spec.paused, readMarks(aborted.metadata.annotations)]).toEqual([undefined, unmarked(aborted)]);
    expect(await kit.succeed(['get', 'pods', '-l', `app=${name}`, '-o', 'name'])).toBe(pods);
    expect(await images(name)).toEqual([v1]);
  });

  it('opting out rolls natively', async () => {
    const name = await released();
    const { stderr } = await kit.kubectl(['annotate', 'deployment', name, 'sluice.dev/canary-']);
    expect(stderr).toContain('no longer asks for canary releases');
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    expect(readMarks((await kit.deployment(name)).metadata.annotations)).toEqual({});
    expect(await images(name)).toEqual([v1, v2]);
  });

  it('a skip rolls natively and is marked for the record', async () => {
    const name = await released();
    await kit.succeed(['annotate', 'deployment', name, 'sluice.dev/skip=INC-42 hotfix']);
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    expect(boundMarks(await kit.deployment(name))).toMatchObject({ phase: 'Skipped' });
  });

  it('marks cannot be changed by who writes, neither through the object nor through its status', async () => {
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
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    const settled = { metadata: { annotations: Object.fromEntries(Object.values(marks).map((key) => [key, null])) } };
    await kit.succeed([...patch, ...restoring, '-p', JSON.stringify(settled)]);
    // One write, so that the ReplicaSet that undo goes back to never carries the skip itself.
    const skipped = aManifest(name, v3, { 'sluice.dev/canary': 'enabled', 'sluice.dev/skip': 'INC-42' });
    await kit.succeed(apply, skipped);
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
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

describe('the users own pause', () => {
  it('stays theirs: the release starts when they resume', async () => {
    const name = await rolledOut();
    await kit.succeed(['rollout', 'pause', `deployment/${name}`]);
    const { stderr } = await kit.kubectl(['set', 'image', `deployment/${name}`, `app=${v2}`]);
    expect(stderr).toContain('kubectl rollout resume');
    expect(boundMarks(await kit.deployment(name))?.phase).toBe('UserPaused');
    await kit.succeed(['rollout', 'resume', `deployment/${name}`]);
    const held = await expectHeld(name, v2, v1);
    expect(boundMarks(held)?.phase).toBeUndefined();
  });

  it('wins when it comes with the new template, also by apply', async () => {
    const name = await rolledOut();
    const manifest = aManifest(name, v2);
    const paused = { ...manifest, spec: { ...manifest.spec, paused: true } };
    const { stderr } = await kit.kubectl(apply, paused);
    expect(stderr).toContain('kubectl rollout resume');
    expect(boundMarks(await kit.deployment(name))?.phase).toBe('UserPaused');
    await kit.succeed(apply, { ...manifest, spec: { ...manifest.spec, paused: false } });
    expect(boundMarks(await expectHeld(name, v2, v1))?.phase).toBeUndefined();
  });

  it('cannot be laid over a release: kubectl finds it paused', async () => {
    const name = await released();
    const { code, stderr } = await kit.kubectl(['rollout', 'pause', `deployment/${name}`]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('is already paused') });
  });

  it('over nothing changed is simply lifted', async () => {
    const name = await rolledOut();
    await kit.succeed(['rollout', 'pause', `deployment/${name}`]);
    await kit.succeed(['rollout', 'resume', `deployment/${name}`]);
    const resumed = await kit.deployment(name);
    expect([resumed.spec.paused, readMarks(resumed.metadata.annotations)]).toEqual([undefined, unmarked(resumed)]);
  });
});

describe('what cannot be run is denied in sentences', () => {
  it('with every problem at once', async () => {
    const wrong = { 'sluice.dev/canary': 'enabled', 'sluice.dev/steps': '120', 'sluice.dev/intervall': '30s' };
    const { code, stderr } = await kit.kubectl(apply, aManifest(fresh(), v1, wrong));
    expect(code).not.toBe(0);
    expect(stderr).toContain('2 problems:');
    expect(stderr).toContain('sluice.dev/steps "120": ');
    expect(stderr).toContain('Did you mean sluice.dev/interval?');
  });

  it('also where only the opt-in itself is misspelt', async () => {
    const { code, stderr } = await kit.kubectl(apply, aManifest(fresh(), v1, { 'sluice.dev/canray': 'enabled' }));
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('Did you mean sluice.dev/canary?')]);
  });
});
