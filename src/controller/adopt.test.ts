import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { aDeployment, type DeploymentTraits } from '../../test/support/a-deployment.ts';
import { asked, h, markedV2, running } from '../../test/support/admission-traits.ts';
import { record } from '../core/plan/record.ts';
import { compile } from '../core/plan/compile.ts';
import { resolvePolicy } from '../core/policy/resolve-policy.ts';
import { readRequester } from '../core/marks/marks.ts';
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import { scanningIndex } from '../../test/support/scanning-index.ts';
import { manualClock } from '../ports/clock.ts';
import { ClusterError, type Patch } from '../ports/cluster.ts';
import { memoryJournal } from '../ports/journal.ts';
import { marks } from '../schema/annotations.ts';
import { adoptRelease, type Adopted } from './adopt.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { formerTemplates } from './former-templates.ts';

const bob = readRequester(asked('bob'));
const mallory = { user: 'mallory', at: '2026-01-01T00:00:00.000Z' };

/** Release `web-5` of web:2 over web:1, as the marks of a running workload ask for it, but for what is said otherwise. */
const aRelease = (
  spec: object = {},
  more: { readonly status?: object; readonly uid?: string; readonly name?: string } = {},
): KubeObject =>
  ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Release',
    metadata: {
      name: more.name ?? 'web-5',
      namespace: 'shop',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: more.uid ?? '6f9d' }],
    },
    spec: {
      workload: { kind: 'Deployment', name: 'web', uid: more.uid ?? '6f9d' },
      templateHash: h.v2,
      stableHash: h.v1,
      policy: {},
      requestedBy: bob,
      ...spec,
    },
    ...(more.status === undefined ? {} : { status: more.status }),
  }) as KubeObject;

/** What adopting comes to where this Release is stored, and the cache has it or does not have it yet. */
const aWorld = (
  stored: KubeObject | undefined,
  { cached = true, traits = running }: { readonly cached?: boolean; readonly traits?: DeploymentTraits } = {},
) => {
  const releases = new Map(stored === undefined ? [] : [[stored.metadata.name, stored]]);
  const journal = memoryJournal();
  const made: KubeObject[] = [];
  const deps = {
    cluster: {
      get: ({ name }: { name: string }) => (cached ? releases.get(name) : undefined),
      fetch: ({ name }: { name: string }) => Promise.resolve(releases.get(name)),
      list: ({ kind }: Gvk) =>
        kind === 'Deployment' ? [{ metadata: { name: 'web', uid: '6f9d' } }] : [...releases.values()],
      fetchList: () => Promise.resolve([]),
      create: (object: KubeObject) => {
        if (releases.has(object.metadata.name))
          return Promise.reject(new ClusterError('already-exists', 'it is there'));
        releases.set(object.metadata.name, object);
        made.push(object);
        return Promise.resolve(object);
      },
      patch: ({ name }: { name: string }, { body }: Patch) => {
        const patched = { ...(releases.get(name) as KubeObject), ...(body as object) };
        releases.set(name, patched);
        return Promise.resolve(patched);
      },
    },
    index: scanningIndex({ list: () => [...releases.values()] as never }),
    clock: manualClock(Date.UTC(2026, 0, 2)),
    metrics: { release: { end: () => undefined } },
    policies: { ofWorkload: () => ({ spec: {}, plan: compile(resolvePolicy({})) }) },
    told: new Map(),
    rolls: new Map(),
    journal,
    formerTemplates: formerTemplates(),
    log: pino({ level: 'silent' }),
  } as unknown as ControllerDependencies;
  return {
    made,
    told: () => journal.entries.map(({ reason, note }) => `${reason}: ${note}`),
    adopt: (): Promise<Adopted> => adoptRelease(deps, aDeployment(traits)),
    remove: () => {
      releases.clear();
    },
  };
};

const told = [expect.stringMatching(/^ForeignRelease: Release web-5 is not of this change: .*Delete it/)];
const failed: DeploymentTraits = { ...running, annotations: markedV2({ [marks.phase]: 'Failed' }) };
const skipped: DeploymentTraits = {
  ...running,
  paused: false,
  annotations: markedV2({ [marks.phase]: 'Skipped', [marks.requestedBy]: asked('alice') }),
};

describe('the Release that a change asks for', () => {
  test('is made, by whom the marks name', async () => {
    const world = aWorld(undefined);
    expect(await world.adopt()).toEqual({ created: world.made[0] });
    expect(world.made[0]?.spec).toMatchObject({ templateHash: h.v2, stableHash: h.v1, requestedBy: bob, attempt: 1 });
    expect(world.made[0]?.spec).not.toHaveProperty('recordOf');
  });

  test('records the plan with every default of the time', async () => {
    const world = aWorld(undefined);
    await world.adopt();
    expect(world.made[0]?.spec).toMatchObject({ policy: {}, plan: record(compile(resolvePolicy({}))) });
  });

  test.each([
    [
      'RolledBack',
      'rollback',
      'rollback: fast',
      'rolled back by bob to a template that is known to be good: natively, at once',
    ],
    ['Restarted', 'restart', 'restart: native', 'restarted by bob: natively, as the policy says (restart: native)'],
  ])('is a record alone where the template rolls natively by policy (%s)', async (phase, recordOf, reason, message) => {
    const annotations = markedV2({ [marks.phase]: phase, 'sluice.dev/skip': 'left from an earlier change' });
    const world = aWorld(undefined, { traits: { image: 'web:2', annotations } });
    const { created } = await world.adopt();
    expect(created?.spec).toMatchObject({ templateHash: h.v2, stableHash: h.v1, requestedBy: bob, recordOf, reason });
    expect(created?.spec).not.toHaveProperty('plan');
    expect(created?.status).toMatchObject({ phase: 'Skipped', message, ending: { outcome: 'Skipped', reason: phase } });
    expect(world.told()).toEqual([`${phase}: ${message}`]);
  });

  test('is a record of the skip where a person wished so', async () => {
    const annotations = { ...skipped.annotations, 'sluice.dev/skip': 'INC-42' };
    const { created } = await aWorld(undefined, { traits: { ...skipped, annotations } }).adopt();
    expect(created?.spec).toMatchObject({ recordOf: 'skip', reason: 'INC-42' });
    expect(created?.status).toMatchObject({ phase: 'Skipped' });
  });

  test('of a rollback names the release that brought the template before', async () => {
    const before = aRelease({}, { status: { phase: 'Succeeded' }, name: 'web-2' });
    const traits = { image: 'web:2', annotations: markedV2({ [marks.phase]: 'RolledBack' }) };
    const { created } = await aWorld(before, { traits }).adopt();
    expect(created?.status?.['message']).toContain('known to be good (of release web-2)');
  });

  test.each<[string, KubeObject, DeploymentTraits?]>([
    ['its own', aRelease()],
    [
      'its own under way, whoever has edited the mark since',
      aRelease({ requestedBy: mallory }, { status: { provider: 'istio' } }),
    ],
    ['its own, skipped by somebody else', aRelease(), skipped],
    ['one that has failed, under the hash of an earlier API server', aRelease({ templateHash: 'before' }), failed],
    ['one of an earlier workload of its name, about to be collected', aRelease({}, { uid: 'before' })],
  ])('is not made where there is %s', async (_name, stored, traits = running) => {
    const world = aWorld(stored, { traits });
    expect([await world.adopt(), world.made, world.told()]).toEqual([{}, [], []]);
  });

  test.each<[string, KubeObject]>([
    ['of another template', aRelease({ templateHash: h.v3 })],
    [
      'of this template, by somebody else with a policy of their own',
      aRelease({ requestedBy: mallory, policy: { weights: [100] } }),
    ],
    ['of this template and of nobody', aRelease({ requestedBy: undefined })],
    ['over another template, which would be known to be good afterwards', aRelease({ stableHash: h.v3 })],
    ['of a workload that is not there, and owned by one that is', aRelease({ workload: { uid: 'nobody' } })],
  ])('is told to be in the way where somebody has made one %s', async (_name, stored) => {
    const world = aWorld(stored);
    expect([await world.adopt(), world.made, world.told()]).toEqual([{ foreign: 'web-5' }, [], told]);
    world.remove();
    expect(await world.adopt()).toEqual({ created: world.made[0] });
    expect(world.made[0]?.spec).toMatchObject({ templateHash: h.v2, requestedBy: bob, policy: {} });
  });

  test('is the one that is found when it is made a second time', async () => {
    const stored = aRelease();
    const world = aWorld(stored, { cached: false });
    expect([await world.adopt(), world.told()]).toEqual([{ created: stored }, []]);
  });

  test('is not the one of somebody else that the cache does not have yet', async () => {
    const world = aWorld(aRelease({ requestedBy: mallory }), { cached: false });
    await expect(world.adopt()).rejects.toMatchObject({ reason: 'conflict' });
    expect([world.made, world.told()]).toEqual([[], told]);
  });
});
