/** Who asked for a change is whom the API server has authenticated, whatever the client writes, by every way there is to write. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readRequester, type Requester } from '../../src/core/marks/marks.ts';
import type { Deployment } from '../../src/values/kube-object.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { marks } from '../../src/schema/annotations.ts';
import { crds } from '../../src/manifests/crds.ts';
import { apiVersion } from '../../src/schema/names.ts';
import { attach } from '../cluster/up.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest, startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';

type Line = Readonly<Record<string, unknown>>;

const [v1, v2] = ['sluice.test/app:1', 'sluice.test/app:2'] as const;
const lines: Line[] = [];
let kit: AdmissionKit;

const as = (user: string): readonly string[] => ['--as', user, '--as-group', 'system:masters'];
const forged: Record<string, string> = {
  'sluice.dev/canary': 'enabled',
  [marks.requestedBy]: JSON.stringify({ user: 'mallory', tool: 'nothing', at: '2020-01-01T00:00:00Z' }),
};
const manifest = (name: string, image: string, annotations = forged): object => {
  const { spec, ...rest } = aManifest(name, image, annotations);
  return { ...rest, spec: { ...spec, replicas: 1 } };
};
const patchOf = (image: string): string =>
  JSON.stringify({
    metadata: { annotations: forged },
    spec: { template: { spec: { containers: [{ name: 'app', image }] } } },
  });
const onlyAnnotations = JSON.stringify({ metadata: { annotations: forged } });

type Way = {
  readonly write: (name: string) => Promise<unknown>;
  readonly by: string;
  /** A write without a field manager. */
  readonly nameless?: true;
};

/** Ways to write a new template with somebody else's name on it, and who it really is. */
const ways: Readonly<Record<string, Way>> = {
  apply: { write: (name) => kit.succeed(['apply', '-f', '-'], manifest(name, v2)), by: 'admin' },
  'server-side': {
    write: (name) => kit.succeed(['apply', '--server-side', '--force-conflicts', '-f', '-'], manifest(name, v2)),
    by: 'admin',
  },
  replace: { write: (name) => kit.succeed(['replace', '-f', '-'], manifest(name, v2)), by: 'admin' },
  patch: { write: (name) => kit.succeed(['patch', 'deployment', name, '-p', patchOf(v2)]), by: 'admin' },
  impersonated: {
    write: (name) => kit.succeed(['patch', 'deployment', name, '-p', patchOf(v2), ...as('alice')]),
    by: 'alice',
  },
  undo: {
    write: async (name) => {
      const skipped = { ...forged, 'sluice.dev/skip': 'INC-42' };
      await kit.succeed(['apply', '-f', '-'], manifest(name, v2, skipped));
      await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
      // An undo writes every annotation of the ReplicaSet it goes back to.
      await kit.succeed(['annotate', 'replicasets', '-l', `app=${name}`, '--overwrite', ...annotated(forged)]);
      await kit.succeed(['rollout', 'undo', `deployment/${name}`]);
    },
    by: 'admin',
    nameless: true,
  },
};
const annotated = (annotations: Record<string, string>): readonly string[] =>
  Object.entries(annotations).map(([key, value]) => `${key}=${value}`);

const requester = ({ metadata }: Deployment): Requester | undefined =>
  readRequester(metadata.annotations?.[marks.requestedBy]);
const release = (name: string, uid: string): object => ({
  apiVersion,
  kind: 'Release',
  metadata: { name },
  spec: {
    workload: { kind: 'Deployment', name: 'apply', uid },
    templateHash: 'b',
    stableHash: 'a',
    policy: {},
    requestedBy: { user: 'mallory', at: '2020-01-01T00:00:00Z' },
  },
});

const created = new Map<string, Deployment>();

beforeAll(async () => {
  const cluster = await attach();
  await cluster.apply([...crds()]);
  kit = await startAdmission(cluster, `admit-audit-${process.pid}`, {
    log: { write: (line) => void lines.push(JSON.parse(line) as Line) },
  });
  const names = [...Object.keys(ways), 'status', 'dry'];
  const all = { apiVersion: 'v1', kind: 'List', items: names.map((name) => manifest(name, v1)) };
  await kit.succeed(['apply', '-f', '-'], all);
  await kit.succeed([
    'wait',
    '--for=condition=Available',
    '--timeout=120s',
    ...names.map((name) => `deployment/${name}`),
  ]);
  for (const name of names) created.set(name, await kit.deployment(name));
  lines.length = 0;
  await Promise.all(Object.entries(ways).map(([name, { write }]) => write(name)));
}, 180_000);

afterAll(async () => {
  await kit.stop();
});

describe('a name that the client sends counts for nothing', () => {
  it.each(Object.keys(ways))('when it comes with a new workload (%s)', (name) => {
    expect(requester(created.get(name) as Deployment)).toBeUndefined();
  });

  it.each(Object.entries(ways))('by %s', async (name, { by, nameless }) => {
    const written = await kit.deployment(name);
    expect(requester(written)?.user).toBe(by);
    const told = lines.filter(({ workload }) => workload === name);
    expect(told.findLast(({ toHash }) => toHash !== undefined)).toMatchObject({
      user: by,
      ...(nameless === true ? {} : { tool: expect.stringMatching(/^kubectl/) }),
      operation: 'UPDATE',
      dryRun: false,
      toHash: templateHash(written.spec.template),
    });
    expect(JSON.stringify(told)).not.toContain('mallory');
  });

  it('by a write of the status', async () => {
    const patch = ['patch', 'deployment', 'status', '--subresource=status', '--type=merge', '-p', onlyAnnotations];
    await kit.succeed(patch);
    expect(requester(await kit.deployment('status'))).toBeUndefined();
  });
});

describe('the log', () => {
  it('says from which template to which, and by which release', () => {
    const stable = templateHash((created.get('apply') as Deployment).spec.template);
    const [line] = lines.filter(({ workload }) => workload === 'apply');
    expect(line).toMatchObject({ reason: 'released', fromHash: stable, to: expect.stringMatching(/^apply-\d+$/) });
  });

  it('says of a dry run that it is one', async () => {
    await kit.succeed(['set', 'image', 'deployment/dry', `app=${v2}`, '--dry-run=server']);
    expect(lines.filter(({ workload }) => workload === 'dry')).toEqual([
      expect.objectContaining({ reason: 'released', dryRun: true, msg: expect.stringContaining('patched (dry run)') }),
    ]);
  });
});

describe('a Release', () => {
  it('is not made by a person', async () => {
    const { stderr } = await kit.kubectl(['create', '-f', '-', ...as('mallory')], release('apply-99', 'u'));
    expect(stderr).toContain('Releases are made by Sluice');
  });

  it('gets neither a status nor another author from a person, and no request in somebody’s name', async () => {
    await kit.succeed(['create', '-f', '-', ...as(sluice)], release('apply-98', 'u'));
    const patch = ['patch', 'release', 'apply-98', '--type=merge', ...as('mallory'), '-p'];
    const asked = JSON.stringify({ verb: 'promote', by: 'the boss', at: '2020-01-01T00:00:00Z' });
    const [status, spec] = await Promise.all([
      kit.kubectl([...patch, '{"status":{"phase":"Succeeded"}}', '--subresource=status']),
      kit.kubectl([...patch, '{"spec":{"requestedBy":{"user":"bob"}}}']),
      kit.succeed([...patch, JSON.stringify({ metadata: { annotations: { 'sluice.dev/request.a1': asked } } })]),
    ]);
    expect(status.stderr).toContain('the status of a Release is what Sluice has seen and done');
    expect(spec.stderr).toContain('must not change: a Release records what was asked');
    const stored = await kit.succeed([
      'get',
      'release',
      'apply-98',
      '-o',
      'jsonpath={.metadata.annotations.sluice\\.dev/request\\.a1}',
    ]);
    expect(JSON.parse(stored)).toMatchObject({ by: 'mallory', at: expect.not.stringContaining('2020') });
    expect(lines.find(({ reason }) => reason === 'signed')).toMatchObject({
      user: 'mallory',
      release: 'apply-98',
      msg: expect.stringContaining('promote is asked for'),
    });
  });

  it('shows who asked for it in the wide table', async () => {
    await kit.succeed(['create', '-f', '-', ...as(sluice)], release('apply-97', 'u'));
    const [head, line] = (await kit.succeed(['get', 'release', 'apply-97', '-o', 'wide'])).trim().split('\n');
    expect(head).toMatch(/MESSAGE +FROM +USER +TOOL +AGE$/);
    expect(line).toMatch(/ mallory +/);
  });
});
