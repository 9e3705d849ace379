/**
 * In the middle of a promotion two templates serve at once. Whatever people do to the workload then, under live load
 * through a real proxy, no request fails. The rolls are slow, so that their middle lasts.
 * @long 45 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { kinds } from '../../src/schema/kinds.ts';
import { begin, lifeOf, type Life, type Version } from '../support/life.ts';
import type { Load } from '../support/load.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(300_000);

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1s',
  'sluice.dev/no-data': 'pass',
};
const rolling = {
  minReadySeconds: 2,
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
};
const recreating = { strategy: { type: 'Recreate', rollingUpdate: null } };
const names = ['forward', 'back', 'older', 'skipped', 'leaving', 'paused', 'recreated', 'twice'] as const;
type Name = (typeof names)[number];

let stage: Stage;
let lives: Record<Name, Life>;
let loads: Record<Name, Load>;
/** What was seen on the way. */
const seen: { both?: readonly string[]; atFullSize?: number; scaled?: readonly string[]; waiting?: string } = {};

const v = (version: string, more: Partial<Version> & { readonly set?: Record<string, string> } = {}): Version => {
  const { set = {}, ...rest } = more;
  return { version, spec: rolling, ...rest, annotations: { ...annotations, ...set } };
};

/** Versions that have a ready stable pod. */
const serving = ({ name }: Life): readonly string[] =>
  stage.view
    .list(kinds.replicaSet, stage.namespace)
    .filter(({ metadata, status }) => metadata.labels?.['app'] === name && Number(status?.['readyReplicas'] ?? 0) > 0)
    .map(({ spec }) => /sluice\.test\/app:(\w+)/.exec(JSON.stringify(spec))?.[1] ?? '')
    .sort();

const available = (life: Life): number => Number(life.object().status?.['availableReplicas'] ?? 0);

/** v2 is promoted, and half of it is there. Resolves with the name of its release. */
const halfWay = async (life: Life, version = v('v2')): Promise<string> => {
  await life.apply(version);
  return stage.until(`${life.name} in the middle of its promotion`, () =>
    life.marks().phase === 'Promoting' && serving(life).join() === 'v1,v2' ? life.marks().release : undefined,
  );
};

const last = (life: Life): string => life.releases().at(-1)?.name ?? '';
const untilNext = (life: Life, before: string): Promise<string> =>
  stage.until(`another release of ${life.name}`, () => (last(life) === before ? undefined : last(life)));

const stories: Record<Name, (life: Life) => Promise<unknown>> = {
  forward: async (life) => {
    const first = await halfWay(life);
    await life.apply(v('v3'));
    const next = await untilNext(life, first);
    seen.both = serving(life);
    await stage.until('the first canary to go', () => {
      const canary = stage.deployment('forward-canary');
      if (canary?.metadata.labels?.['sluice.dev/release'] === first) return false;
      seen.atFullSize ??= available(life);
      return true;
    });
    await life.untilPhase(first, 'Superseded');
    await life.untilPhase(next, 'Succeeded');
  },
  back: async (life) => {
    const first = await halfWay(life);
    await life.apply(v('v1'));
    await life.untilPhase(first, 'Aborted');
  },
  older: async (life) => {
    await life.apply(v('v2', { spec: {} }));
    await stage.until('v2 to be promoted', () => life.releases()[0]?.status?.phase === 'Succeeded');
    await life.apply(v('v3', { spec: {}, set: { 'sluice.dev/interval': '1h' } }));
    const { name } = await life.untilUnderWay();
    await life.apply(v('v1', { spec: {} }));
    await life.untilPhase(name, 'Aborted');
  },
  skipped: async (life) => {
    const first = await halfWay(life);
    await stage.kubectlOk('scale', 'deployment/skipped', '--replicas=5');
    await stage.until('both to be scaled', () => available(life) > 4);
    seen.scaled = serving(life);
    await stage.apply(
      life.manifest(v('v3', { set: { 'sluice.dev/skip': 'INC-42' }, spec: { ...rolling, replicas: 5 } })),
    );
    await life.untilPhase(first, 'Superseded');
    await stage.until('the skip to be recorded', () => life.releases()[1]?.status?.phase === 'Skipped');
  },
  leaving: async (life) => {
    const first = await halfWay(life);
    await stage.kubectlOk('annotate', 'deployment/leaving', 'sluice.dev/canary-');
    await life.untilPhase(first, 'Succeeded');
  },
  paused: async (life) => {
    const first = await halfWay(life);
    await stage.kubectlOk('rollout', 'pause', 'deployment/paused');
    seen.waiting = await life.apply(v('v3'));
    await life.untilPhase(first, 'Superseded');
    expect(life.releases()).toHaveLength(1);
    await stage.kubectlOk('rollout', 'resume', 'deployment/paused');
    await life.untilPhase(await untilNext(life, first), 'Succeeded');
  },
  recreated: async (life) => {
    await life.apply(v('v2', { spec: recreating }));
    const first = await stage.until('no pod of stable', () =>
      life.marks().phase === 'Promoting' && available(life) === 0 ? life.marks().release : undefined,
    );
    await life.apply(v('v3', { spec: recreating }));
    await life.untilPhase(first, 'Superseded');
    await life.untilPhase(await untilNext(life, first), 'Succeeded');
  },
  twice: async (life) => {
    // Its pods count late, so that the canary is all there is for a while.
    const spec = { ...recreating, minReadySeconds: 4 };
    await life.apply(v('v2', { spec }));
    const first = await stage.until('no pod of stable', () =>
      life.marks().phase === 'Promoting' && available(life) === 0 ? life.marks().release : undefined,
    );
    await life.apply(v('v3', { spec }));
    const second = await untilNext(life, first);
    await life.apply(v('v4', { spec }));
    await life.untilPhase(second, 'Superseded');
    await life.untilPhase(first, 'Superseded');
    await stage.until('v4 to serve', () => serving(life).join() === 'v4' && life.marks().release === undefined);
  },
};

beforeAll(async () => {
  stage = await Stage.set('promotion');
  lives = Object.fromEntries(names.map((name) => [name, lifeOf(stage, name, 3)])) as typeof lives;
  await stage.sluice();
  await begin(stage, Object.values(lives), v('v1', { spec: {} }));
  const started = await Promise.all(names.map(async (name) => [name, await stage.load({ host: name, rps: 15 })]));
  loads = Object.fromEntries(started) as typeof loads;
  await Promise.all(names.map((name) => stories[name](lives[name]).then(() => lives[name].rolledOut())));
});

afterAll(async () => stage.teardown());

const reasons = (name: Name): readonly (string | undefined)[] =>
  lives[name].releases().map(({ status }) => status?.ending?.reason ?? status?.phase);
const state = (name: Name): unknown => [lives[name].version(), lives[name].paused(), lives[name].marks().release];

describe('in the middle of a promotion', () => {
  test('another template is a release over both, and the canary goes when stable is at full size', () => {
    expect(seen.both).toEqual(['v1', 'v2']);
    expect(seen.atFullSize).toBeGreaterThanOrEqual(3);
    expect(reasons('forward')).toEqual(['SupersededInPromotion', 'Promoted']);
    expect(state('forward')).toEqual(['v3', false, undefined]);
    const [first, second] = lives.forward.releases();
    expect(lives.forward.marks().knownGood?.split(',')).toEqual([
      second?.spec.templateHash,
      first?.spec.templateHash,
      first?.spec.stableHash,
    ]);
  });

  test('the template of before rolls back natively', () => {
    expect(reasons('back')).toEqual(['TemplateBack']);
    expect(state('back')).toEqual(['v1', false, undefined]);
  });

  test('a skip rolls natively over it, also after a scaling of both', () => {
    expect(seen.scaled).toEqual(['v1', 'v2']);
    expect(reasons('skipped')).toEqual(['SupersededInPromotion', 'Skipped']);
    expect(state('skipped')).toEqual(['v3', false, undefined]);
  });

  test('opting out lets it finish', () => {
    expect(reasons('leaving')).toEqual(['Promoted']);
    expect(state('leaving')).toEqual(['v2', false, undefined]);
  });

  test('a pause of the user holds the next template until they resume', () => {
    expect(seen.waiting).toContain('kubectl rollout resume');
    expect(reasons('paused')).toEqual(['SupersededInPromotion', 'Promoted']);
    expect(state('paused')).toEqual(['v3', false, undefined]);
  });

  test('with strategy Recreate another template is a release too', () => {
    expect(reasons('recreated')).toEqual(['SupersededInPromotion', 'Promoted']);
    expect(state('recreated')).toEqual(['v3', false, undefined]);
  });

  test('and one after the other, before the first of them has begun, takes nothing from the canary that serves', () => {
    expect(reasons('twice')[0]).toBe('SupersededInPromotion');
    expect(state('twice')).toEqual(['v4', false, undefined]);
  });
});

describe('in the middle of a release', () => {
  test('a template that is known to be good ends it and rolls back at once', async () => {
    expect(reasons('older')).toEqual(['Promoted', 'RolledBack']);
    expect(state('older')).toEqual(['v1', false, undefined]);
    await stage.untilGone('older-canary');
  });
});

describe('under load', () => {
  test.each(names)('no request fails: %s', async (name) => {
    const { requests, failed, byError } = await loads[name].total();
    expect(requests).toBeGreaterThan(200);
    expect({ failed, byError }).toEqual({ failed: 0, byError: {} });
  });
});
