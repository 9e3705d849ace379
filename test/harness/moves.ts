/** What can happen to a release, as moves that a random schedule is made of. */
import fc from 'fast-check';
import { conflict, type Fault } from '../../src/memory/faults.ts';
import type { Verdict } from './engine-wiring.ts';
import { optedIn, refs, type World } from './world.ts';

export type Move = { readonly name: string; readonly make: (world: World) => void };

const move = (name: string, make: (world: World) => void): Move => ({ name, make });

const orNot = (make: (world: World) => void) => (world: World) => {
  try {
    make(world);
  } catch {
    // The API server, or admission, refuses it: nothing has happened.
  }
};

const versions = ['v1', 'v2', 'v3'] as const;
const faults: readonly Fault[] = [
  { kind: 'cut-before' },
  { kind: 'cut-after' },
  { kind: 'lost-answer' },
  { kind: 'time-out' },
  conflict,
  { kind: 'refusal', reason: 'forbidden', words: 'not now' },
];

/** The next write of the controller meets the fault. */
const fault = (one: Fault): Move =>
  move(`the next write: ${one.kind}`, ({ instance: { cluster } }) => {
    const at = cluster.writes.length;
    cluster.plan(({ index }) => (index === at ? one : undefined));
  });

const people: readonly Move[] = [
  ...versions.map((version) =>
    move(
      `apply ${version}`,
      orNot((world) => world.applyVersion(version)),
    ),
  ),
  move(
    'apply v3 with a skip',
    orNot((world) => world.applyVersion('v3', { ...optedIn, 'sluice.dev/skip': 'INC-42' })),
  ),
  ...(['promote', 'abort', 'retry'] as const).map((verb) =>
    move(
      `ask to ${verb}`,
      orNot((world) => world.ask(verb)),
    ),
  ),
  ...[1, 3, 6].map((replicas) =>
    move(
      `scale to ${replicas}`,
      orNot((world) => world.scale(replicas)),
    ),
  ),
  move('an autoscaler', (world) => {
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const spec = { scaleTargetRef, maxReplicas: 5 };
    world.apply({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' }, spec });
  }),
  move(
    'opt out',
    orNot((world) => world.applyVersion('v2', { 'sluice.dev/canary': 'disabled' })),
  ),
];

const metrics: readonly Move[] = (['pass', 'fail', 'no-data', 'away'] as const satisfies readonly Verdict[]).map(
  (verdict) => move(`metrics: ${verdict}`, (world) => world.metrics.say(verdict)),
);

const misfortunes: readonly Move[] = [
  ...faults.map(fault),
  move('kill the controller', (world) => world.kill()),
  move('hold the watch', ({ instance }) => instance.cluster.hold()),
  move('deliver one change', ({ instance }) => void instance.cluster.deliver(1)),
  move('deliver all changes', ({ instance }) => instance.cluster.flow()),
];

const isCanary = ({ metadata }: { readonly metadata: { readonly name: string } }): boolean =>
  metadata.name.startsWith('web-canary');

const breakdowns: readonly Move[] = [
  move('pods take their time', ({ kubernetes }) => kubernetes.pods.fate(() => 4000)),
  move('no pod becomes ready', ({ kubernetes }) => kubernetes.pods.fate(() => 'never')),
  move('pods are ready at once', ({ kubernetes }) => kubernetes.pods.fate(() => 0)),
  move('the canary breaks', ({ kubernetes }) => kubernetes.pods.makeUnready(isCanary)),
  move('everything is mended', ({ kubernetes }) => kubernetes.pods.makeReady()),
  move('a quota', ({ kubernetes }) => kubernetes.replicaSets.refuse('web-canary', 'exceeded quota')),
  move('room for five pods', ({ kubernetes }) => kubernetes.replicaSets.quota(5)),
  move('no quota', ({ kubernetes }) => kubernetes.replicaSets.refuse('web-canary', undefined)),
  move('garbage is collected late', ({ kubernetes }) => kubernetes.garbage.lag(5000)),
  move('the webhook goes', (world) => world.webhook('away')),
  move('the webhook comes', (world) => world.webhook('there')),
  move(
    'pause',
    orNot((world) => world.patch(refs.web, { spec: { paused: true } })),
  ),
  move(
    'resume',
    orNot((world) => world.patch(refs.web, { spec: { paused: null } })),
  ),
  move(
    'delete the workload',
    orNot((world) => world.remove(refs.web)),
  ),
];

const waits = [0, 500, 2000, 3000, 11_000, 61_000].map((duration) => ({ name: `${duration} ms`, duration }));

/** A move, and the time that passes after it. */
export type Turn = { readonly move: Move; readonly wait: { readonly name: string; readonly duration: number } };

const turnsOf = (moves: readonly Move[], most: number): fc.Arbitrary<readonly Turn[]> =>
  fc
    .array(fc.record({ move: fc.constantFrom(...moves), wait: fc.constantFrom(...waits) }), {
      maxLength: most,
      size: 'max',
    })
    .chain((turns) =>
      fc
        .constantFrom(...waits)
        .map((wait) => [{ move: move('apply v2', (world) => world.applyVersion('v2')), wait }, ...turns]),
    );

/** People who do as they like, and a controller that has no luck: no request is to be lost in it. */
export const gentle: fc.Arbitrary<readonly Turn[]> = turnsOf([...people, ...metrics, ...misfortunes], 12);
/** Everything, pods that break and a webhook that is away included. */
export const rough: fc.Arbitrary<readonly Turn[]> = turnsOf([...people, ...metrics, ...misfortunes, ...breakdowns], 16);

export const scheduleText = (turns: readonly Turn[]): string =>
  turns.map(({ move: { name }, wait }) => `${name}, ${wait.name}`).join('; ');

export const play = async (world: World, turns: readonly Turn[]): Promise<void> => {
  for (const { move: one, wait } of turns) {
    one.make(world);
    await world.pass(wait.duration);
  }
};

/** From now on nothing goes wrong, and people do what they are asked to do. */
export const calm = async (world: World): Promise<void> => {
  world.instance.cluster.plan(() => undefined);
  world.instance.cluster.flow();
  world.kubernetes.pods.fate(() => 0);
  world.kubernetes.pods.makeReady();
  world.kubernetes.replicaSets.refuse('web-canary', undefined);
  world.kubernetes.replicaSets.quota(undefined);
  world.kubernetes.garbage.lag(0);
  world.webhook('there');
  world.metrics.say('pass');
  await world.settle();
};
