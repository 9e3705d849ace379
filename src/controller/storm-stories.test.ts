/** Stories about the load that a release is for the API server: whatever goes wrong, no request is repeated without a new fact. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { optedIn, World, type Splitting } from '../../test/harness/world.ts';
import type { ClientWrite, Fault, FaultPlan } from '../memory/faults.ts';
import { conflict, noFaults } from '../memory/faults.ts';
import type { ClusterErrorReason } from '../ports/cluster.ts';

let world: World;

afterEach(() => expect([world.bugs, world.requests.losses]).toEqual([[], []]));

/** A second, a release. */
const most = 10;

/** The most requests of the controller within any second. */
const busiest = (): number => {
  const { requests } = world.instance.cluster;
  return Math.max(0, ...requests.map((at, i) => requests.slice(i).filter((other) => other < at + 1000).length));
};

const refused = (reason: ClusterErrorReason): Fault => ({ kind: 'refusal', reason, words: 'so says the test' });
/** But `already-exists`: no server says it of what it does not have. */
const reasons: readonly ClusterErrorReason[] = [
  'not-found',
  'invalid',
  'forbidden',
  'gone',
  'throttled',
  'unreachable',
  'server',
];
const faults: readonly (readonly [string, Fault])[] = [
  ...reasons.map((reason) => [`is refused: ${reason}`, refused(reason)] as const),
  ['is refused: conflict', conflict],
  ['has no answer and is not stored', { kind: 'time-out' }],
  ['has no answer and is stored', { kind: 'lost-answer' }],
];
const writes: readonly (readonly [string, (write: ClientWrite) => boolean])[] = [
  ['every write', () => true],
  ['every status', ({ subresource }) => subresource === 'status'],
  ['every write of another object than a Release', ({ ref }) => ref.gvk.kind !== 'Release'],
  ['every deletion', ({ verb }) => verb === 'remove'],
];
const rows = writes.flatMap(([which, is]) => faults.map(([how, fault]) => ({ which, how, is, fault })));

describe.each<Splitting>(['adopted', 'generated', 'replicas'])('D2: the split is %s', (splitting) => {
  it.each(rows)('$which $how: a release makes at most 10 requests a second', async ({ is, fault }) => {
    const plan: FaultPlan = (write) => (is(write) ? fault : undefined);
    // The delay of the proxies counts from a decision whose write may be tried again some moments later.
    world = await World.begin({ splitting, slowestProxy: 1000 });
    world.instance.cluster.plan(plan);
    world.applyVersion('v2', optedIn);
    await world.pass(60_000);
    world.instance.cluster.plan(noFaults);
    await world.until('a step', (w) => w.release()?.phase === 'Progressing' || w.release()?.over === true);
    world.instance.cluster.plan(plan);
    await world.pass(60_000);
    world.metrics.say('fail');
    await world.pass(60_000);
    expect(busiest()).toBeLessThanOrEqual(most);
  });
});
