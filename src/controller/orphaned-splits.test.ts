import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { aDeployment } from '../../test/support/a-deployment.ts';
import type { Gvk, KubeObject, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { percent } from '../values/percent.ts';
import { marks } from '../schema/annotations.ts';
import { memory, memoryRoutes } from '../traffic/memory.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { hasOrphanedSplit, namespacesWithOrphanedSplits, restoreOrphanedSplits } from './orphaned-splits.ts';

const route = memoryRoutes.gvk;

const aRoute = (...apexes: readonly string[]): KubeObject => ({
  apiVersion: 'memory.sluice.dev/v1',
  kind: 'Route',
  metadata: { name: 'front', namespace: 'shop', labels: { team: 'shop' } },
  spec: { to: apexes.map((service) => ({ service, weight: 10 })) },
});

/** The route with half of the traffic of an apex for the canary of its release. */
const split = (object: KubeObject, apex = 'web', release = `${apex}-2`): KubeObject =>
  memoryRoutes.put(object, { apex, canaryService: `${apex}-canary`, split: { weight: percent(50) }, release });

const aRelease = (name: string, phase?: string): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: { name, namespace: 'shop' },
  ...(phase === undefined ? {} : { status: { phase } }),
});

const aWorld = (object: KubeObject, others: readonly (readonly [Gvk, KubeObject])[] = [], live = others) => {
  let stored = object;
  let writes = 0;
  const cached = (): readonly (readonly [Gvk, KubeObject])[] => [[route, stored], ...others];
  const find = (from: readonly (readonly [Gvk, KubeObject])[], ref: ObjectRef): KubeObject | undefined =>
    from.find(([gvk, one]) => gvk.kind === ref.gvk.kind && one.metadata.name === ref.name)?.[1];
  const deps = {
    cluster: {
      serves: (gvk: Gvk) => gvk.kind === 'Route',
      list: (gvk: Gvk) =>
        cached()
          .filter(([of]) => of.kind === gvk.kind)
          .map(([, one]) => one),
      get: (ref: ObjectRef) => find(cached(), ref),
      fetch: (ref: ObjectRef) => Promise.resolve(find(live, ref)),
      replace: (body: KubeObject) => {
        writes += 1;
        stored = body;
        return Promise.resolve(body);
      },
    },
    traffic: { providers: { memory }, formats: [memoryRoutes] },
    log: pino({ level: 'silent' }),
  } as unknown as ControllerDependencies;
  return {
    lost: () => hasOrphanedSplit(deps, route, stored),
    namespaces: () => namespacesWithOrphanedSplits(deps),
    restore: () => restoreOrphanedSplits(deps, 'shop'),
    stored: () => stored,
    writes: () => writes,
  };
};

describe('a split whose release is gone', () => {
  test('is taken out, and the route is as it was', async () => {
    const world = aWorld(split(aRoute('web')));
    expect([world.lost(), world.namespaces()]).toEqual([true, ['shop']]);
    await world.restore();
    expect(world.stored()).toEqual(aRoute('web'));
    expect([world.lost(), world.namespaces(), world.writes()]).toEqual([false, [], 1]);
  });

  test('is taken out of a route that carries the split of a release under way besides', async () => {
    const world = aWorld(split(split(aRoute('web', 'api')), 'api'), [
      [kinds.release, aRelease('api-2', 'Progressing')],
    ]);
    await world.restore();
    expect(world.stored()).toEqual(split(aRoute('web', 'api'), 'api'));
    expect(world.lost()).toBe(false);
  });

  test('is one whose release has ended', () => {
    expect(aWorld(split(aRoute('web')), [[kinds.release, aRelease('web-2', 'Aborted')]]).lost()).toBe(true);
  });
});

describe('a split stays', () => {
  const marked = aDeployment({ annotations: { [marks.release]: 'web-2' } }) as unknown as KubeObject;

  test.each<[string, readonly (readonly [Gvk, KubeObject])[]]>([
    ['while its release is under way', [[kinds.release, aRelease('web-2', 'Progressing')]]],
    ['while its release has just been made', [[kinds.release, aRelease('web-2')]]],
    ['where somebody has deleted the Release of a workload that will get it again', [[kinds.deployment, marked]]],
  ])('%s', async (_when, others) => {
    const world = aWorld(split(aRoute('web')), others);
    expect([world.lost(), world.namespaces()]).toEqual([false, []]);
    await world.restore();
    expect(world.writes()).toBe(0);
  });

  test('where the cache has not heard of its release yet', async () => {
    const world = aWorld(split(aRoute('web')), [], [[kinds.release, aRelease('web-2', 'Progressing')]]);
    await world.restore();
    expect([world.lost(), world.writes()]).toEqual([true, 0]);
  });

  test('a route without one is nobody’s business', () => {
    expect(aWorld(aRoute('web')).lost()).toBe(false);
  });
});
