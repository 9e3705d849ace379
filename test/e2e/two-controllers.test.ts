/**
 * Two controllers, of which one works: told to end, killed, stopped and woken, or cut off from the API server in the middle
 * of a release under live load, it is followed by the other one. No request fails, and nothing is done twice.
 * @long 60 s
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { kinds } from '../../src/schema/kinds.ts';
import { virtualServices as format } from '../../src/traffic/istio.ts';
import type { Ending } from '../cluster/execution.ts';
import { inTime } from '../cluster/in-time.ts';
import { attach } from '../cluster/up.ts';
import { startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';
import { candidateRights, isLeading, startCandidate, type Candidate } from '../support/candidates.ts';
import type { Load } from '../support/load.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';

jest.setTimeout(240_000);

const virtualServices = format.gvk;
const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '20,50',
  'sluice.dev/interval': '2s',
  'sluice.dev/no-data': 'pass',
};
const web = (version: string): object => app({ version, replicas: 2, annotations });

type Told = {
  readonly regarding: { readonly name?: string };
  readonly related?: { readonly name?: string };
  readonly reason: string;
  readonly note: string;
  readonly series?: { readonly count: number };
};

/** What became of one release, in whose middle the leader went. */
type Story = {
  readonly release: SeenRelease;
  /** From when the leader went until the other one led, in ms. */
  readonly gap: number;
  readonly canaries: number;
  readonly workloadChanges: number;
  readonly routeChanges: number;
  readonly events: readonly string[];
};

/** When a candidate logged this, as sortable text. */
const loggedAt = ({ process }: Candidate, message: string): readonly string[] =>
  process.log.filter(({ msg }) => msg === message).map(({ time }) => String(time));
const generation = (stage: Stage): number => stage.deployment()?.metadata.generation ?? 0;
const routeGeneration = (stage: Stage): number => stage.get(virtualServices, 'web-routes')?.metadata.generation ?? 0;

/** A namespace with two controllers in it, a workload and its load. */
class Scene {
  readonly stage: Stage;
  readonly candidates: Candidate[] = [];
  readonly #canaries = new Set<string>();
  load!: Load;

  constructor(stage: Stage) {
    this.stage = stage;
    stage.view.onChange(({ gvk, object: { metadata } }) => {
      if (gvk === kinds.deployment && metadata.name === 'web-canary') this.#canaries.add(metadata.uid ?? '');
    });
  }

  async candidate(name: string): Promise<Candidate> {
    const candidate = await startCandidate(this.stage, name);
    this.candidates.push(candidate);
    return candidate;
  }

  async begin(): Promise<void> {
    await this.stage.apply(service(), virtualService(), web('v1'));
    await this.stage.untilRolledOut();
    this.load = await this.stage.load({ rps: 40 });
  }

  untilLeading(candidate: Candidate): Promise<boolean> {
    return this.stage.until(`${candidate.name} to lead`, () => isLeading(candidate));
  }

  /** What was told of a release, as often as it was told. */
  #told(release: string): readonly string[] {
    return this.stage.view
      .list(kinds.event, this.stage.namespace)
      .map((event) => event as unknown as Told)
      .filter(({ regarding, related }) => regarding.name === release || related?.name === release)
      .flatMap(({ reason, note, series }) => Array<string>(series?.count ?? 1).fill(`${reason}: ${note}`))
      .sort();
  }

  /** Releases a version; at its first weight `leave` takes the leader away, and `next` goes on. */
  async release(version: string, leave: () => Promise<unknown>, next: Candidate): Promise<Story> {
    const { stage } = this;
    // Deleted in the foreground, the one before stays in sight until its pods have ended.
    await stage.untilGone('web-canary');
    const before = { workload: generation(stage), route: routeGeneration(stage), last: stage.release()?.name };
    this.#canaries.clear();
    await stage.apply(web(version));
    const { name } = await stage.until('another release', () => {
      const found = stage.release();
      return found?.name === before.last ? undefined : found;
    });
    await stage.untilStep(1);
    // What is told is sent a moment after it is recorded, and may be lost when its sender is killed.
    await stage.until('its first weight to be told', () => this.#told(name).join().includes('step 1/2'));
    const left = Date.now();
    await leave();
    await this.untilLeading(next);
    const gap = Date.now() - left;
    const release = await stage.untilPhase('Succeeded', before.last);
    await stage.untilRolledOut();
    await stage.until('the end to be told', () => this.#told(name).join().includes('ReleaseSucceeded'));
    return {
      release,
      gap,
      canaries: this.#canaries.size,
      workloadChanges: generation(stage) - before.workload,
      routeChanges: routeGeneration(stage) - before.route,
      events: this.#told(name),
    };
  }

  async end(): Promise<void> {
    await this.stage.teardown();
    for (const { counter } of this.candidates) await counter.close();
  }
}

/** Of its own accord, or of what was done to it. */
const endOf = ({ name, process }: Candidate): Promise<Ending> =>
  inTime(`controller ${name} to end`, process.ended, { withinMs: 90_000 });

const writesOf = (counts: Readonly<Record<string, number>>): readonly string[] =>
  Object.keys(counts).filter((request) => !request.startsWith('GET '));

let admission: AdmissionKit;
const name = `two-controllers-${randomBytes(3).toString('hex')}`;
const scenes: Scene[] = [];
type Leaving = { story?: Story; exit?: Ending };
const [ended, killed, stopped]: readonly [Leaving, Leaving, Leaving] = [{}, {}, {}];
/** `turns`: when it knew that it does not lead any more, and when the other one led. */
const cut: Leaving & { turns?: readonly string[] } = {};
let woken: readonly string[] = [];
let stepsDown: readonly string[] = [];

/** a is told to end; b, which follows it, is killed; c follows that one. */
const endAndKill = async (scene: Scene): Promise<void> => {
  const a = await scene.candidate('a');
  const [b] = await Promise.all([scene.candidate('b'), scene.begin(), scene.untilLeading(a)]);
  ended.story = await scene.release('v2', () => a.process.signal('SIGTERM'), b);
  ended.exit = await endOf(a);
  const c = await scene.candidate('c');
  killed.story = await scene.release('v3', () => b.process.kill('SIGKILL'), c);
};

/** The next step is recorded; the API server's answer, after which the route would be written, finds nobody awake. */
const stopBetweenWrites = ({ counter, process }: Candidate): Promise<void> =>
  counter.atWrite(1, 'between', () => process.signal('SIGSTOP'));

const cutOff = ({ counter }: Candidate): Promise<void> => {
  counter.cutOff();
  return Promise.resolve();
};

/** d is stopped, e follows it; when everything is over, d is woken. Then e is cut off, and f follows. */
const stopAndCutOff = async (scene: Scene): Promise<void> => {
  const d = await scene.candidate('d');
  const [e] = await Promise.all([scene.candidate('e'), scene.begin(), scene.untilLeading(d)]);
  try {
    stopped.story = await scene.release('v2', () => stopBetweenWrites(d), e);
    d.counter.takeCounts();
  } finally {
    await d.process.signal('SIGCONT');
  }
  stopped.exit = await endOf(d);
  woken = writesOf(d.counter.takeCounts());
  stepsDown = loggedAt(d, 'no longer leading');
  const f = await scene.candidate('f');
  cut.story = await scene.release('v3', () => cutOff(e), f);
  cut.exit = await endOf(e);
  cut.turns = [...loggedAt(e, 'no longer leading'), ...loggedAt(f, 'leading')];
};

beforeAll(async () => {
  scenes.push(new Scene(await Stage.set('two-controllers')), new Scene(await Stage.set('two-controllers-woken')));
  const others = scenes.map(({ stage }) => stage.namespace);
  admission = await startAdmission(await attach(), name, { clusterWide: true, others });
  await scenes[0]!.stage.apply(...candidateRights(name));
  await Promise.all([endAndKill(scenes[0]!), stopAndCutOff(scenes[1]!)]);
});

afterAll(async () => {
  await Promise.all(scenes.map((scene) => scene.end()));
  await admission.kubectl(['delete', 'clusterrole,clusterrolebinding', name]);
  await admission.stop();
});

/** What a release that is promoted tells of itself. */
const tale = [
  'ReleaseStarted: starting the canary (provider istio: the policy names it, Service web)',
  'ReleaseSucceeded: promoted: every pod of web runs the new template',
  'WeightChanged: step 1/2: 20 % of the traffic for the canary',
  'WeightChanged: step 2/2: 50 % of the traffic for the canary',
];

describe.each([
  ['is told to end', ended],
  ['is killed', killed],
  ['is stopped', stopped],
  ['is cut off', cut],
] as const)('when the leader %s in the middle of a release', (_how, its) => {
  test('another one brings it to its end', () => {
    expect(its.story?.release.status?.ending?.reason).toBe('Promoted');
  });

  test('everything is done once', () => {
    const { canaries, workloadChanges, routeChanges } = its.story!;
    // The workload: a new template that is paused, then unpaused. The route: two weights, and back.
    expect({ canaries, workloadChanges, routeChanges }).toEqual({ canaries: 1, workloadChanges: 2, routeChanges: 3 });
  });

  test('and nothing is told twice', () => {
    // On a busy machine there may be more to tell, such as that it waits for a slow pod.
    const reasons = new Set(tale.map((text) => text.split(':')[0]));
    const told = its.story!.events.filter((text) => reasons.has(text.split(':')[0]));
    // Whoever records a step tells of it, unless it is gone between the two.
    const missing = tale.filter((text) => !told.includes(text));
    expect(missing.length).toBeLessThanOrEqual(its === ended ? 0 : 1);
    expect([...told, ...missing].sort()).toEqual(tale);
  });
});

/** A lease is good for 15 s, and was renewed at most one renewal (4 s, and a tenth) before its holder went. */
const soonestExpiry = 15_000 - 4500;

test('a leader that is told to end hands over at once', () => {
  expect(ended.exit).toEqual({ code: 0, signal: null });
  expect(ended.story?.gap).toBeLessThan(soonestExpiry);
});

test.each([
  ['killed', killed],
  ['stopped', stopped],
  ['cut off', cut],
] as const)('one that is %s is followed when its lease has expired, not before', (_how, its) => {
  expect(its.story?.gap).toBeGreaterThan(soonestExpiry);
});

test('one that wakes when another one leads writes nothing, says so and ends', () => {
  expect(woken).toEqual([]);
  expect(stepsDown).toHaveLength(1);
  expect(stopped.exit).toEqual({ code: 1, signal: null });
});

test('one that is cut off ends before another one begins', () => {
  expect(cut.exit).toEqual({ code: 1, signal: null });
  expect(cut.turns).toHaveLength(2);
  expect(cut.turns).toEqual([...(cut.turns ?? [])].sort());
});

test('no request fails all the while', async () => {
  for (const { load } of scenes) {
    const { requests, failed, byError, byStatus } = await load.total();
    expect(requests).toBeGreaterThan(500);
    expect({ failed, byError, byStatus }).toEqual({ failed: 0, byError: {}, byStatus: { 200: requests } });
  }
});
