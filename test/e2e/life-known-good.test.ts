/**
 * Ways back to what was good, and the user's own pause before, during and after an edit: webhook and controller together.
 * @long 45 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { begin, lifeOf, type Life, type Version } from '../support/life.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(300_000);

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1s',
  'sluice.dev/no-data': 'pass',
};
const names = ['good', 'careful', 'twice', 'undone', 'together', 'during', 'ended'] as const;
type Name = (typeof names)[number];

let stage: Stage;
let lives: Record<Name, Life>;
const said: Partial<Record<string, string>> = {};
const knownBefore: string[] = [];

const v = (version: string, set: Record<string, string> = {}): Version => ({
  version,
  annotations: { ...annotations, ...set },
});
const rollout = (verb: string, { name }: Life): Promise<string> =>
  stage.kubectlOk('rollout', verb, `deployment/${name}`);
const promoted = async (life: Life, version: string): Promise<void> => {
  const before = life.releases().length;
  await life.apply(v(version));
  await stage.until(`${version} of ${life.name} to be promoted`, () => {
    const newest = life.releases()[before];
    return newest?.status?.phase === 'Succeeded' && life.marks().release === undefined;
  });
};
const known = (life: Life): readonly string[] => life.marks().knownGood?.split(',') ?? [];

const stories: Record<Name, (life: Life) => Promise<unknown>> = {
  good: async (life) => {
    for (const version of ['v2', 'v3', 'v4']) await promoted(life, version);
    knownBefore.push(...known(life));
    said['good'] = await life.apply(v('v2'));
    // Exit code 0 of `rollout status` is what a pipeline sees.
    said['status'] = await rollout('status', life);
    said['version'] = life.version();
    await rollout('undo', life);
    said['undone'] = await rollout('status', life);
    await stage.until(
      'both ways to be recorded',
      () => life.releases().length === 5 && life.marks().release === undefined,
    );
  },
  careful: async (life) => {
    await promoted(life, 'v2');
    await life.apply(v('v1', { 'sluice.dev/rollback': 'canary' }));
    await stage.until('the way back to be released', () => life.releases()[1]?.status?.phase === 'Succeeded');
  },
  twice: async (life) => {
    await rollout('pause', life);
    await life.apply(v('v2'));
    said['edited'] = await life.apply(v('v3'));
    expect(life.releases()).toEqual([]);
    await rollout('resume', life);
    await stage.until('the release', () => life.releases()[0]?.status?.phase === 'Succeeded');
  },
  undone: async (life) => {
    await rollout('pause', life);
    await life.apply(v('v2'));
    await life.apply(v('v1'));
    await rollout('resume', life);
  },
  together: async (life) => {
    said['together'] = await life.apply({ ...v('v2'), spec: { paused: true } });
    await stage.until('the pause to be seen', () => life.marks().phase === 'UserPaused');
    expect(life.releases()).toEqual([]);
    await rollout('resume', life);
    await stage.until('the release', () => life.releases()[0]?.status?.phase === 'Succeeded');
  },
  during: async (life) => {
    await life.apply(v('v2', { 'sluice.dev/interval': '1h' }));
    await life.untilUnderWay();
    const { code, stderr } = await stage.kubectl('rollout', 'pause', 'deployment/during');
    said['paused'] = `${code}: ${stderr}`;
    said['resumed'] = await rollout('resume', life);
  },
  ended: async (life) => {
    await life.apply(v('v2', { 'sluice.dev/interval': '1h' }));
    await life.untilUnderWay();
    await rollout('resume', life);
    await stage.kubectlOk('set', 'image', 'deployment/ended', 'app=sluice.test/app:v1');
    await stage.until('the end', () => life.releases()[0]?.status?.phase === 'Aborted');
  },
};

beforeAll(async () => {
  stage = await Stage.set('known-good');
  lives = Object.fromEntries(names.map((name) => [name, lifeOf(stage, name)])) as typeof lives;
  await stage.sluice();
  await begin(stage, Object.values(lives), { annotations });
  await Promise.all(names.map((name) => stories[name](lives[name])));
  await Promise.all(names.filter((name) => name !== 'during').map((name) => lives[name].rolledOut()));
});

afterAll(async () => stage.teardown());

describe('a template that was promoted before', () => {
  test('rolls back natively and at once: a record, an event, exit code 0', () => {
    expect(said['good']).toContain('this template was good before: it rolls back natively, at once');
    expect(said['status']).toContain('successfully rolled out');
    expect(said['version']).toBe('v2');
    const phases = ['Succeeded', 'Succeeded', 'Succeeded', 'Skipped', 'Skipped'];
    expect(lives.good.releases().map(({ status }) => status?.phase)).toEqual(phases);
  });

  test('is recorded: who went back when, with which tool, from which release to which', () => {
    const [v2, , v4, back, forth] = lives.good.releases();
    expect(back?.spec).toMatchObject({
      templateHash: v2?.spec.templateHash,
      stableHash: v4?.spec.templateHash,
      from: v4?.name,
      requestedBy: { user: 'admin', tool: 'kubectl-client-side-apply', at: expect.stringMatching(/^20/) },
      changes: ['image of container app: sluice.test/app:v4 → sluice.test/app:v2'],
      reason: 'rollback: fast',
    });
    const message = `rolled back by admin to a template that is known to be good (of release ${v2?.name}): natively, at once`;
    expect(back?.status).toMatchObject({ phase: 'Skipped', message, ending: { reason: 'RolledBack' } });
    expect(stage.events('good')).toContain(`RolledBack: ${message}`);
    // kubectl rollout undo is a write without a field manager.
    expect(forth?.spec).toMatchObject({ templateHash: v4?.spec.templateHash, from: back?.name });
    expect(forth?.spec.requestedBy).toEqual({ user: 'admin', uid: 'admin', at: forth?.spec.requestedBy?.at });
  });

  test('is found by kubectl rollout undo, and the list does not travel back in time with it', () => {
    expect(said['undone']).toContain('successfully rolled out');
    expect(lives.good.version()).toBe('v4');
    expect(knownBefore).toHaveLength(4);
    expect(known(lives.good)).toEqual(knownBefore);
    expect(lives.good.marks()).toEqual({ knownGood: knownBefore.join(), admitted: knownBefore[0] });
  });

  test('is a release where the policy says so', () => {
    expect(lives.careful.version()).toBe('v1');
    const [forth, back] = lives.careful.releases();
    expect(back?.spec).toMatchObject({
      templateHash: forth?.spec.stableHash,
      stableHash: forth?.spec.templateHash,
    });
    expect(known(lives.careful)).toEqual([back?.spec.templateHash, forth?.spec.templateHash]);
  });
});

describe('a release that somebody ends by the template that serves', () => {
  test('says who did it with which tool, and the workload no longer does', async () => {
    const [release] = lives.ended.releases();
    expect(release?.status?.ending?.reason).toBe('TemplateBack');
    expect(release?.status?.message).toBe(
      'the template that was stable before is back (applied by admin with kubectl-set)',
    );
    await stage.until('the marks to go', () => Object.keys(lives.ended.marks()).join() === 'admitted');
  });
});

describe('the users own pause', () => {
  test('over two edits is one release, of the last', () => {
    expect(said['edited']).toContain('starts when you resume it with kubectl rollout resume');
    expect(lives.twice.releases()).toHaveLength(1);
    expect(lives.twice.version()).toBe('v3');
  });

  test('over an edit and its undoing is none', () => {
    expect(lives.undone.releases()).toEqual([]);
    expect([lives.undone.version(), lives.undone.paused()]).toEqual(['v1', false]);
    expect(lives.undone.marks().release).toBeUndefined();
  });

  test('that comes with the edit wins', () => {
    expect(said['together']).toContain('starts when you resume it with kubectl rollout resume');
    expect(lives.together.releases()).toHaveLength(1);
    expect(lives.together.version()).toBe('v2');
  });

  test('cannot be laid over a release, and a resume does not promote it', () => {
    expect(said['paused']).toMatch(/^1: .*already paused/);
    expect(said['resumed']).toContain('resuming it is not an approval');
    expect(lives.during.releases()[0]?.status).toMatchObject({ phase: 'Progressing', step: 1 });
    expect(lives.during.paused()).toBe(true);
  });
});
