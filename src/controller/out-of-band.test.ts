import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { aDeployment, aTemplate, type DeploymentTraits } from '../../test/support/a-deployment.ts';
import { hashOf, optIn } from '../../test/support/admission-input.ts';
import type { Gvk, JsonObject, KubeObject, ObjectRef } from '../values/kube-object.ts';
import { scanningIndex } from '../../test/support/scanning-index.ts';
import { manualClock } from '../ports/clock.ts';
import { ClusterError, type Patch, type WriteOptions } from '../ports/cluster.ts';
import { memoryJournal } from '../ports/journal.ts';
import { marks } from '../schema/annotations.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { formerTemplates } from './former-templates.ts';
import { looksOutOfBand, settleOutOfBand } from './out-of-band.ts';

const at = (name: string): Pick<KubeObject['metadata'], 'name' | 'namespace'> => ({ name, namespace: 'shop' });

/** The API server of one workload, that fails the writes it is told to; each write is one of the controller's. */
const aWorld = (traits: DeploymentTraits) => {
  const made = aDeployment(traits);
  let workload = { ...made, metadata: { ...made.metadata, resourceVersion: '1' } } as unknown as KubeObject;
  const releases = new Map<string, KubeObject>();
  const journal = memoryJournal();
  const counted: string[] = [];
  const through: string[] = [];
  let writes = 0;
  let failing = 0;
  const write = <T>(change: () => T): Promise<T> => {
    writes += 1;
    // Killed before its n-th write.
    if (writes === failing) return Promise.reject(new ClusterError('unreachable', 'killed'));
    return Promise.resolve(change());
  };
  const patched = (ref: ObjectRef, body: JsonObject): KubeObject => {
    if (ref.gvk.kind === 'Release') {
      const next = { ...(releases.get(ref.name) as KubeObject), ...body };
      releases.set(ref.name, next);
      return next;
    }
    const { annotations = {} } = workload.metadata;
    const edits = (body['metadata'] as { annotations: Record<string, string | null> }).annotations;
    const all = Object.entries({ ...annotations, ...edits }).filter(([, value]) => value !== null);
    const generation = (workload.metadata.generation ?? 0) + 1;
    workload = {
      ...workload,
      metadata: { ...workload.metadata, generation, annotations: Object.fromEntries(all) as Record<string, string> },
    };
    return workload;
  };
  const set = (image: string, replicas: number): object => ({
    metadata: { ...at(`web-${image}`), ownerReferences: [{ uid: '6f9d' }] },
    spec: { replicas, template: aTemplate(image) },
  });
  const deps = {
    cluster: {
      list: () => [...releases.values()],
      fetchList: () => Promise.resolve([set('web:2', 3), set('web:1', 0)]),
      create: (object: KubeObject, _gvk: Gvk) =>
        write(() => {
          releases.set(object.metadata.name, object);
          return object;
        }),
      patch: (ref: ObjectRef, { body }: Patch, { subresource }: WriteOptions = {}) =>
        write(() => {
          through.push(`${ref.gvk.kind} ${subresource ?? 'spec'}`);
          return patched(ref, body as JsonObject);
        }),
    },
    index: scanningIndex({ list: () => [...releases.values()] as never }),
    clock: manualClock(Date.UTC(2026, 0, 2)),
    policies: { optedIn: () => true, ofWorkload: () => ({ spec: {} }) },
    told: new Map(),
    rolls: new Map(),
    journal,
    metrics: { release: { end: (_key: unknown, { outcome }: { outcome: string }) => void counted.push(outcome) } },
    formerTemplates: formerTemplates(),
    log: pino({ level: 'silent' }),
  } as unknown as ControllerDependencies;
  return {
    releases,
    journal,
    counted,
    /** What was patched, in order: the status, or the spec. */
    through,
    /** One reconcile; killed before its n-th write. */
    reconcile: (killedBefore = 0): Promise<boolean> => {
      writes = 0;
      failing = killedBefore;
      return settleOutOfBand(deps, workload as never);
    },
    astray: () => looksOutOfBand(deps, workload as never),
    change: (edit: (object: KubeObject) => KubeObject) => void (workload = edit(workload)),
    annotations: () => workload.metadata.annotations,
  };
};

const bypassed: DeploymentTraits = { image: 'web:2', annotations: { ...optIn, [marks.admitted]: hashOf('web:1') } };

describe('a template that rolled past the webhook', () => {
  test('is recorded, told, counted and marked', async () => {
    const world = aWorld(bypassed);
    expect(await world.reconcile()).toBe(true);
    expect([...world.releases.keys()]).toEqual(['web-4']);
    expect(world.releases.get('web-4')).toMatchObject({
      spec: {
        templateHash: hashOf('web:2'),
        stableHash: hashOf('web:1'),
        recordOf: 'bypass',
        reason: 'the webhook was away',
      },
      status: { phase: 'Bypassed' },
    });
    expect(world.journal.entries.map(({ type, reason }) => [type, reason])).toEqual([['Warning', 'ReleaseBypassed']]);
    expect(world.counted).toEqual(['Bypassed']);
    expect(world.annotations()).toMatchObject({
      [marks.admitted]: hashOf('web:2'),
      [marks.knownGood]: hashOf('web:1'),
    });
    expect([world.astray(), await world.reconcile()]).toEqual([false, false]);
  });

  test.each([1, 2, 3])('is recorded once by a controller that is killed before its write %i', async (n) => {
    const world = aWorld(bypassed);
    await expect(world.reconcile(n)).rejects.toThrow('killed');
    expect(await world.reconcile()).toBe(true);
    expect([...world.releases.values()]).toMatchObject([{ status: { phase: 'Bypassed' } }]);
    expect([world.journal.entries.length, world.counted]).toEqual([1, ['Bypassed']]);
    expect(world.astray()).toBe(false);
  });

  test('is not recorded again when its Release has been pruned', async () => {
    const world = aWorld(bypassed);
    await world.reconcile();
    world.releases.clear();
    expect([world.astray(), await world.reconcile(), world.releases.size]).toEqual([false, false, 0]);
  });

  test('is not recorded where its own Release tells of it, in whatever words', async () => {
    const world = aWorld(bypassed);
    world.releases.set('web-2', {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Release',
      metadata: at('web-2'),
      spec: {
        workload: { kind: 'Deployment', name: 'web', uid: '6f9d' },
        templateHash: hashOf('web:2'),
        stableHash: hashOf('web:1'),
        policy: {},
        recordOf: 'skip',
        reason: 'the webhook was away',
      },
      status: { phase: 'Skipped' },
    });
    expect(await world.reconcile()).toBe(true);
    expect([...world.releases.keys()]).toEqual(['web-2']);
  });

  test('is recorded again when it comes in once more after the way back', async () => {
    const world = aWorld(bypassed);
    await world.reconcile();
    world.change((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        generation: 9,
        annotations: { ...optIn, [marks.admitted]: hashOf('web:1') },
      },
    }));
    await world.reconcile();
    expect([...world.releases.keys()]).toEqual(['web-4', 'web-9']);
  });
});

describe('a template that had failed and was unpaused', () => {
  test('is recorded beside its failure, and the record names it', async () => {
    const annotations = {
      ...optIn,
      [marks.admitted]: hashOf('web:1'),
      [marks.stableHash]: hashOf('web:1'),
      [marks.releaseHash]: hashOf('web:2'),
      [marks.release]: 'web-2',
      [marks.phase]: 'Failed',
    };
    const world = aWorld({ image: 'web:2', annotations });
    await world.reconcile();
    expect(world.releases.get('web-4')).toMatchObject({
      spec: {
        templateHash: hashOf('web:2'),
        stableHash: hashOf('web:1'),
        recordOf: 'bypass',
        reason: 'the webhook was away',
      },
      status: { phase: 'Bypassed', message: expect.stringContaining('failed in release web-2 was unpaused') },
    });
  });
});

describe('a workload that is only read differently', () => {
  test('costs one write, and nothing is told', async () => {
    const world = aWorld({ image: 'web:2', annotations: { ...optIn, [marks.admitted]: 'before-the-upgrade' } });
    expect(await world.reconcile()).toBe(true);
    expect([world.releases.size, world.journal.entries.length, world.counted.length]).toEqual([0, 0, 0]);
    expect(world.annotations()).toMatchObject({ [marks.admitted]: hashOf('web:2') });
    expect(world.astray()).toBe(false);
  });

  test('is marked where no other admission controller changes templates', async () => {
    const world = aWorld({ image: 'web:2', annotations: { ...optIn, [marks.admitted]: 'before-the-injector' } });
    await world.reconcile();
    expect(world.through).toEqual(['Deployment status']);
  });

  test('is written as a whole where it has to be unpaused', async () => {
    const annotations = {
      ...optIn,
      [marks.stableHash]: hashOf('web:2'),
      [marks.releaseHash]: hashOf('web:3'),
      [marks.release]: 'web-3',
    };
    const world = aWorld({ image: 'web:2', paused: true, annotations });
    await world.reconcile();
    expect(world.through).toEqual(['Deployment spec']);
  });
});

describe('a workload that is taken up in the middle of a release', () => {
  test('is told of', async () => {
    const annotations = {
      ...optIn,
      [marks.stableHash]: hashOf('web:1'),
      [marks.releaseHash]: hashOf('web:3'),
      [marks.release]: 'web-3',
    };
    const world = aWorld({ image: 'web:2', paused: true, annotations });
    await world.reconcile();
    expect(world.annotations()).toMatchObject({ [marks.release]: 'web-5', [marks.releaseHash]: hashOf('web:2') });
    expect(world.journal.entries.map(({ reason, note }) => `${reason}: ${note}`)).toEqual([
      'WebhookAway: the template changed during a release, and the webhook was away: see release web-5',
    ]);
  });
});
