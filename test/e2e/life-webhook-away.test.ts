/**
 * failurePolicy Ignore, and the webhook's process is gone: with the controller at work, with nobody there, and when both
 * are back. Nothing rolls unjudged without a trace, and nobody stays paused for ever.
 * @long 35 s
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Deployment } from '../../src/values/kube-object.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { marks } from '../../src/schema/annotations.ts';
import { apiVersion } from '../../src/schema/names.ts';
import { begin, lifeOf, type Life } from '../support/life.ts';
import type { Sluice } from '../support/sluice-process.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(300_000);

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1h',
  'sluice.dev/no-data': 'pass',
};
const strays = ['idle', 'unpaused', 'changed', 'back', 'replaced', 'paused', 'failed', 'upgraded', 'alone'] as const;
/** Somebody makes the Release that their next version will ask for: of another template, of the right one, of no workload. */
const preempted = ['other', 'same', 'orphan'] as const;
const names = [...strays, ...preempted] as const;

let stage: Stage;
let lives: Record<(typeof names)[number], Life>;
const ignoring = { flags: ['--failure-policy', 'Ignore'] };
const v = (version: string): { version: string; annotations: Record<string, string> } => ({ version, annotations });

/** Releases in the order they were made, as what became of them. */
const ends = (life: Life): readonly (string | undefined)[] => life.releases().map(({ status }) => status?.phase);
const told = (life: Life): string => stage.events(life.name).join('\n');

/** The controller alone is at work, and the API server finds no webhook. */
const withoutWebhook = async (): Promise<void> => {
  const { idle, unpaused, changed, back, replaced, paused, failed, upgraded } = lives;
  const foreign = { metadata: { annotations: { [marks.releaseHash]: 'before', [marks.stableHash]: 'earlier' } } };
  await Promise.all([
    idle.apply(v('v2')).then(() => stage.until('a record', () => ends(idle)[0] === 'Bypassed')),
    stage
      .kubectlOk('rollout', 'resume', 'deployment/unpaused')
      .then(() => stage.until('the end', () => ends(unpaused)[0] === 'Bypassed')),
    changed
      .apply(v('v3'))
      .then(() => stage.until('two', () => changed.releases().length === 2))
      .then(() => changed.untilUnderWay()),
    back.apply(v('v1')).then(() => stage.until('the end', () => ends(back)[0] === 'Aborted')),
    stage
      .send([replaced.manifest(v('v3'))], 'replace')
      .then(() => stage.until('both ends', () => ends(replaced).join() === 'Superseded,Bypassed')),
    stage
      .kubectlOk('rollout', 'pause', 'deployment/paused')
      .then(() => paused.apply(v('v2')))
      .then(() => stage.until('the pause to be known', () => paused.marks().phase === 'UserPaused'))
      .then(() => stage.kubectlOk('rollout', 'resume', 'deployment/paused'))
      .then(() => stage.until('a record', () => ends(paused)[0] === 'Bypassed')),
    stage
      .kubectlOk('rollout', 'resume', 'deployment/failed')
      .then(() => stage.until('a record', () => ends(failed)[1] === 'Bypassed')),
    stage
      .kubectlOk('patch', 'deployment', 'upgraded', '--type=merge', '-p', JSON.stringify(foreign))
      .then(() => stage.until('two', () => upgraded.releases().length === 2))
      .then(() => upgraded.untilUnderWay()),
  ]);
};

const quick = { version: 'v2', annotations: { ...annotations, 'sluice.dev/interval': '1s' } };

/** Nobody refuses it. */
const makeForeign = async (life: Life, traits: { readonly hash: string; readonly uid?: string }): Promise<void> => {
  const { hash, uid = life.object().metadata.uid ?? '' } = traits;
  const release = {
    apiVersion,
    kind: 'Release',
    metadata: { name: `${life.name}-2` },
    spec: {
      workload: { kind: 'Deployment', name: life.name, uid },
      templateHash: hash,
      stableHash: 'never-served',
      policy: { weights: [100], noData: 'pass' },
      requestedBy: { user: 'mallory', at: '2020-01-01T00:00:00Z' },
    },
  };
  const { code, stderr } = await stage.send([release], 'create');
  if (code !== 0) throw new Error(stderr);
};

const foreigners = async (): Promise<void> => {
  const { other, same, orphan } = lives;
  const { stdout } = await stage.send([same.manifest(quick)], 'apply', '--dry-run=server', '-o', 'json');
  const { spec } = JSON.parse(stdout) as Deployment;
  await Promise.all([
    makeForeign(other, { hash: 'another' }),
    makeForeign(same, { hash: templateHash(spec.template) }),
    makeForeign(orphan, { hash: 'another', uid: 'nobody' }),
  ]);
};

/** What became of the foreign Release by the time its workload asked for one. */
const untouched: Partial<Record<string, unknown>> = {};

/** The next version asks for the Release that somebody has made; a person reads the event and deletes it. */
const preempt = async (life: Life): Promise<void> => {
  const seen = (): unknown => [life.releases().map(({ object }) => object), stage.deployment(`${life.name}-canary`)];
  const before = seen();
  await life.apply(quick);
  await stage.until('the event', () =>
    told(life).includes(`ForeignRelease: Release ${life.name}-2 is not of this change`),
  );
  untouched[life.name] = { before, after: seen(), paused: life.paused() };
  await stage.kubectlOk('delete', 'release', `${life.name}-2`);
  await stage.until('the right one to end', () => {
    const [release] = life.releases();
    return release?.status?.phase === 'Succeeded' && life.marks().admitted === release.spec.templateHash;
  });
};

let sluice: Sluice;

beforeAll(async () => {
  stage = await Stage.set('webhook-away');
  lives = Object.fromEntries(names.map((name) => [name, lifeOf(stage, name)])) as typeof lives;
  const doomed = await stage.sluice(ignoring);
  await begin(stage, Object.values(lives), { annotations });
  const { unpaused, changed, back, replaced, failed, upgraded, alone } = lives;
  const held = [unpaused, changed, back, replaced, upgraded];
  await Promise.all([
    ...held.map((life) => life.apply(v('v2')).then(() => life.untilUnderWay())),
    failed
      .apply({
        ...v('v2'),
        image: 'sluice.test/missing:v2',
        annotations: { ...annotations, 'sluice.dev/progress-deadline': '2s' },
      })
      .then(() => stage.until('the failure', () => failed.marks().phase === 'Failed')),
  ]);
  await doomed.kill('SIGKILL');
  const controller = await stage.sluice({ command: 'controller' });
  await Promise.all([withoutWebhook(), foreigners()]);
  await controller.stop();
  await alone.apply(v('v2'));
  await alone.rolledOut();
  sluice = await stage.sluice(ignoring);
  await Promise.all([
    stage.until('what happened meanwhile to be recorded', () => ends(alone)[0] === 'Bypassed'),
    ...preempted.map((name) => preempt(lives[name])),
  ]);
});

afterAll(async () => stage.teardown());

describe('with the webhook gone and the controller at work', () => {
  test('an idle workload rolls natively, and is recorded once, with its reason and an event', () => {
    const { idle } = lives;
    expect(ends(idle)).toEqual(['Bypassed']);
    const [release] = idle.releases();
    expect(release?.name).toMatch(/^idle-\d+$/);
    expect(release?.spec).toMatchObject({
      recordOf: 'bypass',
      reason: 'the webhook was away',
      templateHash: idle.marks().admitted,
    });
    expect(release?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
    expect(told(idle)).toContain('ReleaseBypassed: the webhook was away');
  });

  test('a release whose workload is unpaused ends as bypassed, and nothing is put back', async () => {
    const { unpaused } = lives;
    expect(ends(unpaused)).toEqual(['Bypassed']);
    expect(unpaused.releases()[0]?.status?.ending?.reason).toBe('Unpaused');
    expect([unpaused.version(), unpaused.paused(), unpaused.marks().release]).toEqual(['v2', false, undefined]);
    await stage.untilGone('unpaused-canary');
  });

  test('another template in the middle of a release is taken up: a release of its own, and nobody stays paused', () => {
    const { changed } = lives;
    expect(ends(changed)).toEqual(['Superseded', 'Progressing']);
    expect(changed.releases()[1]?.spec.requestedBy).toBeUndefined();
    expect(changed.marks()).toMatchObject({ release: changed.releases()[1]?.name });
    expect(told(changed)).toContain('WebhookAway: the template changed during a release');
  });

  test('the stable template back ends the release and unpauses', () => {
    const { back } = lives;
    expect(back.releases()[0]?.status?.ending?.reason).toBe('TemplateBack');
    expect([back.version(), back.paused(), back.marks().release]).toEqual(['v1', false, undefined]);
  });

  test('a replace that drops pause and marks supersedes the release, and is recorded as bypassed', () => {
    const { replaced } = lives;
    expect(replaced.releases().map(({ status }) => status?.ending?.reason ?? status?.phase)).toEqual([
      'RolledNatively',
      'Bypassed',
    ]);
    expect([replaced.version(), replaced.paused()]).toEqual(['v3', false]);
  });

  test('an edit under the users own pause waits for them, and their resume is recorded', () => {
    const { paused } = lives;
    expect(told(paused)).toContain('WebhookAway: the template changed under the pause of the user');
    expect(ends(paused)).toEqual(['Bypassed']);
    expect([paused.version(), paused.paused()]).toEqual(['v2', false]);
  });

  test('a failed template that is unpaused is recorded beside its failure', () => {
    const { failed } = lives;
    expect(ends(failed)).toEqual(['Failed', 'Bypassed']);
    const [failure, record] = failed.releases();
    expect(record?.status?.message).toContain(`that failed in release ${failure?.name} was unpaused`);
    expect(record?.spec.requestedBy).toBeUndefined();
    expect(failed.marks().release).toBeUndefined();
  });

  test('a held workload whose marks lost their binding gets a release over what serves', () => {
    const { upgraded } = lives;
    expect(ends(upgraded)).toEqual(['Superseded', 'Progressing']);
    expect(upgraded.marks().stableHash).toBe(upgraded.marks().admitted);
    expect(upgraded.paused()).toBe(true);
  });
});

describe('a Release that somebody has made while no webhook refused it', () => {
  test.each(preempted)('%s: is told of when its name is asked for, and nothing is done in its name', (name) => {
    const { before, after, paused } = untouched[name] as { before: unknown; after: unknown; paused: boolean };
    expect([after, paused]).toEqual([before, true]);
  });

  test.each(preempted)('%s: makes way for the right one when it is deleted', (name) => {
    const [release] = lives[name].releases();
    expect(release?.spec).toMatchObject({ requestedBy: { user: 'admin' }, policy: { weights: [50] } });
    expect(lives[name].marks().knownGood?.split(',')).toEqual([release?.spec.templateHash, release?.spec.stableHash]);
  });
});

describe('with both back', () => {
  test('what rolled with nobody there is recorded, and nothing else once more', async () => {
    expect(ends(lives.alone)).toEqual(['Bypassed']);
    await sluice.stop();
    await stage.sluice();
    await lives.alone.apply(v('v3'));
    await lives.alone.untilUnderWay();
    expect(ends(lives.alone)).toEqual(['Bypassed', 'Progressing']);
    expect(ends(lives.idle)).toEqual(['Bypassed']);
    expect(ends(lives.failed)).toEqual(['Failed', 'Bypassed']);
    expect(ends(lives.replaced)).toEqual(['Superseded', 'Bypassed']);
  });

  test('and the way back to what served before is fast', async () => {
    const { idle } = lives;
    expect(await idle.apply(v('v1'))).toContain('this template was good before');
    await idle.rolledOut();
    await stage.until('the record', () => ends(idle).join() === 'Bypassed,Skipped');
    const [bypassed, back] = idle.releases();
    expect([idle.version(), back?.spec.from, back?.spec.reason]).toEqual(['v1', bypassed?.name, 'rollback: fast']);
    await stage.until('the event', () => told(idle).includes('RolledBack: rolled back by admin to a template that is'));
  });
});
