/**
 * Whoever is given load has the pods for it, counted on the real controllers and under load through a real proxy: an
 * autoscaler that makes stable smaller in the middle, a person who does, and a quota that leaves room for one pod more than
 * the replicas. Each quota story is run beside the native roll of the same write.
 * @long 60 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { kinds } from '../../src/schema/kinds.ts';
import { isSameKind, type KubeObject } from '../../src/values/kube-object.ts';
import { virtualServices } from '../../src/traffic/istio.ts';
import { keepMeasured } from '../field-cases/measured.ts';
import { begin, lifeOf, type Life, type Version } from '../support/life.ts';
import type { Load } from '../support/load.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(300_000);

const canary = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1s',
  'sluice.dev/no-data': 'pass',
  'sluice.dev/approval': 'required',
};
const v = (version: string, annotations: Readonly<Record<string, string>> = canary): Version => ({
  version,
  annotations,
});

/** Without metrics it scales nothing by itself; what it would do is done by `kubectl scale`. */
const autoscaler = (name: string): object => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, minReplicas: 1, maxReplicas: 10 },
});

const numberIn = (object: KubeObject | undefined, field: string): number => Number(object?.status?.[field] ?? 0);
const pods = (stage: Stage, name: string): number => numberIn(stage.deployment(name), 'availableReplicas');

describe('a workload that is made smaller in a step of 50 %', () => {
  const names = ['promoted', 'aborted', 'meant'] as const;
  type Name = (typeof names)[number];
  let stage: Stage;
  let lives: Record<Name, Life>;
  let loads: Record<Name, Load>;
  const canaryPods: Partial<Record<Name, number>> = {};
  /** Pods of stable that served when the split was lifted. */
  const whenLifted: Partial<Record<Name, number>> = {};

  /** Four replicas, of which half the load leaves two. */
  const halved = async (life: Life): Promise<string> => {
    await life.apply(v('v2'));
    const { name } = await stage.until(`${life.name} to wait for approval`, () =>
      life.releases().find(({ status }) => status?.phase === 'Waiting'),
    );
    await stage.kubectlOk('scale', `deployment/${life.name}`, '--replicas=2');
    await stage.until(`two pods of ${life.name}`, () => numberIn(life.object(), 'replicas') === 2);
    canaryPods[life.name as Name] = pods(stage, `${life.name}-canary`);
    return name;
  };

  const ask = (release: string, verb: string): Promise<string> =>
    stage.kubectlOk('annotate', `release/${release}`, `sluice.dev/request.${verb}=${JSON.stringify({ verb })}`);

  const stories: Record<Name, (life: Life) => Promise<unknown>> = {
    promoted: async (life) => {
      const release = await halved(life);
      await ask(release, 'promote');
      await life.untilPhase(release, 'Succeeded');
    },
    aborted: async (life) => {
      const release = await halved(life);
      await ask(release, 'abort');
      await life.untilPhase(release, 'Aborted');
    },
    meant: async (life) => {
      const release = await halved(life);
      await ask(release, 'promote');
      await life.untilPhase(release, 'Succeeded');
    },
  };

  beforeAll(async () => {
    stage = await Stage.set('sizes');
    lives = Object.fromEntries(names.map((name) => [name, lifeOf(stage, name, 4)])) as typeof lives;
    await stage.sluice();
    await begin(stage, Object.values(lives), v('v1'));
    await stage.apply(autoscaler('promoted'), autoscaler('aborted'));
    const started = await Promise.all(names.map(async (name) => [name, await stage.load({ host: name, rps: 20 })]));
    loads = Object.fromEntries(started) as typeof loads;
    stage.view.onChange(({ gvk, type, object }) => {
      if (type !== 'removed' || !isSameKind(gvk, virtualServices.gvk)) return;
      const name = names.find((one) => object.metadata.name.startsWith(one));
      if (name !== undefined) whenLifted[name] ??= pods(stage, name);
    });
    await Promise.all(names.map((name) => stories[name](lives[name]).then(() => lives[name].rolledOut())));
  });

  afterAll(async () => stage.teardown());

  test.each(names)('F5a: %s: the canary keeps the pods for its share', (name) => {
    expect(canaryPods[name]).toBe(2);
  });

  test.each(['promoted', 'aborted'] as const)(
    'F5b: %s: stable has grown back to its size of before when it gets everything',
    (name) => {
      expect(whenLifted[name]).toBeGreaterThanOrEqual(4);
      expect(stage.deployment(name)?.spec?.['replicas']).toBe(4);
      expect(stage.events(name).join('\n')).toContain('StableGrowing: ');
    },
  );

  test('F5b: a person who has scaled it, without an autoscaler, keeps that size', () => {
    expect(stage.deployment('meant')?.spec?.['replicas']).toBe(2);
  });

  test.each(names)('F5: %s: no request fails', async (name) => {
    const { requests, failed, byError } = await loads[name].total();
    expect(requests).toBeGreaterThan(100);
    expect({ failed, byError }).toEqual({ failed: 0, byError: {} });
  });
});

describe('a quota of one pod more than the replicas', () => {
  const ways = ['native', 'istio', 'kubernetes'] as const;
  type Way = (typeof ways)[number];
  let stage: Stage;
  let lives: Record<Way, Life>;
  let loads: Record<Way, Load>;

  const settings = (way: Way): Readonly<Record<string, string>> =>
    way === 'native'
      ? {}
      : {
          ...canary,
          'sluice.dev/provider': way,
          'sluice.dev/steps': '25',
          'sluice.dev/approval': 'none',
          'sluice.dev/progress-deadline': '60s',
        };

  beforeAll(async () => {
    stage = await Stage.set('quota');
    lives = Object.fromEntries(ways.map((way) => [way, lifeOf(stage, way, 3)])) as typeof lives;
    await stage.sluice();
    await Promise.all(ways.map((way) => begin(stage, [lives[way]], v('v1', settings(way)))));
    const quota = { hard: { pods: String(3 * ways.length + 1) } };
    await stage.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'pods' }, spec: quota });
    const started = await Promise.all(ways.map(async (way) => [way, await stage.load({ host: way, rps: 20 })]));
    loads = Object.fromEntries(started) as typeof loads;
    // One after the other: they share the quota.
    for (const way of ways) {
      await lives[way].apply(v('v2', settings(way)));
      await stage.until(`v2 of ${way}`, () => lives[way].version() === 'v2' && !lives[way].paused());
      await lives[way].rolledOut();
      await stage.until(`the canary of ${way} to be gone`, () => stage.deployment(`${way}-canary`) === undefined);
      await stage.until(`room for another`, () => stage.view.list(kinds.pod, stage.namespace).length <= 9);
    }
  });

  afterAll(async () => stage.teardown());

  test.each(['istio', 'kubernetes'] as const)(
    'F6: %s: the canary makes way, and the words of the quota are told',
    (way) => {
      expect(lives[way].releases().map(({ status }) => status?.phase)).toEqual(['Succeeded']);
      const told = stage.events(way).find((event) => event.startsWith('PromotionLacksRoom: '));
      expect(told).toContain('exceeded quota: pods, requested: pods=1, used: pods=10, limited: pods=10');
    },
  );

  test('F6: a release loses no more requests than the native roll of the same write', async () => {
    const lostOf = async (way: Way) => {
      const { requests, failed } = await loads[way].total();
      return { lost: failed, requests };
    };
    const [sluice, native] = [await lostOf('istio'), await lostOf('native')];
    keepMeasured('F6', { sluice, native });
    expect(sluice.lost).toBeLessThanOrEqual(native.lost);
  });

  test.each(ways)('F6: %s: no request fails', async (way) => {
    const { requests, failed, byError } = await loads[way].total();
    expect(requests).toBeGreaterThan(100);
    expect({ failed, byError }).toEqual({ failed: 0, byError: {} });
  });
});
