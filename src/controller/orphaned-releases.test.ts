import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { KubeObject, ObjectRef } from '../values/kube-object.ts';
import { manualClock } from '../ports/clock.ts';
import type { Patch } from '../ports/cluster.ts';
import { scanningIndex } from '../../test/support/scanning-index.ts';
import { trafficRunners } from '../traffic/index.ts';
import { clearOrphans } from './orphaned-releases.ts';
import type { ControllerDependencies } from './dependencies.ts';

const propagationDelay = 3000;
const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'old' };

type Traits = { readonly owned?: true; readonly status?: object | null; readonly deletionTimestamp?: string };

const aRelease = ({ owned, status = { phase: 'Progressing' }, deletionTimestamp }: Traits = {}): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: {
    name: 'web-2',
    namespace: 'shop',
    uid: 'r',
    ...(owned === undefined ? {} : { ownerReferences: [owner] }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  },
  spec: { workload: { kind: 'Deployment', name: 'web', uid: 'old' } },
  ...(status === null ? {} : { status: status as NonNullable<KubeObject['status']> }),
});

const aWorld = (release: KubeObject, uid?: string) => {
  let stored: KubeObject | undefined = release;
  const clock = manualClock(Date.UTC(2026, 0, 2));
  const cluster = {
    list: () => (stored === undefined ? [] : [stored]),
    get: () => undefined,
    patch: (_ref: ObjectRef, { body }: Patch) => {
      stored = { ...(stored as KubeObject), ...(body as object) };
      return Promise.resolve(stored);
    },
    remove: (_ref: ObjectRef, of: string) => {
      if (of === stored?.metadata.uid) stored = undefined;
      return Promise.resolve();
    },
  };
  const deps = {
    cluster,
    index: scanningIndex(cluster as never),
    clock,
    traffic: { providers: trafficRunners },
    policies: { planOf: () => ({ plan: { propagationDelay }, problems: [] }) },
    told: new Map(),
    rolls: new Map(),
    log: pino({ level: 'silent' }),
  } as unknown as ControllerDependencies;
  return {
    clear: () => clearOrphans(deps, { namespace: 'shop', workload: 'web' }, uid),
    stored: () => stored,
    pass: (ms: number) => clock.advance(ms),
  };
};

describe('a Release that its workload has left behind', () => {
  test('ends, and goes when proxies have had the time to notice', async () => {
    const world = aWorld(aRelease());
    expect(await world.clear()).toBe(0);
    expect(world.stored()?.status).toMatchObject({
      phase: 'Aborted',
      weight: 0,
      completedAt: '2026-01-02T00:00:00.000Z',
    });
    expect(await world.clear()).toBe(propagationDelay);
    world.pass(propagationDelay - 1);
    expect([await world.clear(), world.stored()?.metadata.name]).toEqual([1, 'web-2']);
    world.pass(1);
    expect([await world.clear(), world.stored()]).toEqual([0, undefined]);
    expect(await world.clear()).toBeUndefined();
  });

  test('goes at once when it ended long ago, so that a namesake may have the name', async () => {
    const ended = { phase: 'Succeeded', completedAt: '2026-01-01T00:00:00.000Z' };
    const world = aWorld(aRelease({ status: ended }), 'new');
    expect([await world.clear(), world.stored()]).toEqual([0, undefined]);
  });
});

describe('nothing is cleared', () => {
  test.each<{ readonly what: string; readonly traits: Traits; readonly uid?: string }>([
    { what: 'of a workload that is there, whoever took the owner off its Release', traits: {}, uid: 'old' },
    { what: 'that the garbage collector is about to collect', traits: { owned: true }, uid: 'new' },
    { what: 'that is on its way out', traits: { deletionTimestamp: '2026-01-02T00:00:00Z' } },
    {
      what: 'that the controller has never looked at: somebody else has made it',
      traits: { status: null },
      uid: 'new',
    },
  ])('$what', async ({ traits, uid }) => {
    const world = aWorld(aRelease(traits), uid);
    expect([await world.clear(), world.stored()?.status]).toEqual([undefined, aRelease(traits).status]);
  });
});
