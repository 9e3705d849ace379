/** Every row of the admission table, by every tool that can come there, on a real API server with the real Sluice. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { givens } from '../admission/givens.ts';
import { Players, type Outcome, type Playing } from '../admission/play.ts';
import { table } from '../admission/table.ts';
import { Stage } from '../support/stage.ts';

const playing: readonly Playing[] = table
  .flatMap(({ cases }) => cases)
  .map((one, i) => ({ case: one, given: givens[one.given], name: `w${i}` }));
let outcomes: ReadonlyMap<object, Promise<Outcome>>;
let stage: Stage;
let players: Players;

beforeAll(async () => {
  stage = await Stage.set('admit-table');
  await stage.sluice();
  players = await Players.on(stage);
  outcomes = await players.playAll(playing);
}, 600_000);

afterAll(async () => {
  await players.leave();
  await stage.strike();
});

describe.each(table)('$row', ({ cases }) => {
  it.each(cases)('$name: $run', async (one) => {
    const found = (await outcomes.get(one))!;
    expect(found.see).toEqual(one.see);
    expect(found.then).toEqual(one.then);
    expect(found.events).toEqual(one.events ?? []);
    const serves = one.then === 'same' ? found.served : one.then.serves;
    const keeps = one.newPods !== true && isDeepStrictEqual(serves, found.served);
    expect(found.pods).toBe(keeps ? 'the same' : 'others');
  });
});
