/** Every row of the admission table, by every tool that can come there, on a real API server with the real Sluice. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { givens } from '../admission/givens.ts';
import { Players, type Outcome, type Playing } from '../admission/play.ts';
import { table } from '../admission/table.ts';
import { Stage } from '../support/stage.ts';

const playing: readonly Playing[] = table
  .flatMap(({ cases }) => cases)
  .map((one, i) => ({ case: one, given: givens[one.given], name: `w${i}` }));
const outcomes = new Map<object, Promise<Outcome>>();
let stage: Stage;
let players: Players;

beforeAll(async () => {
  stage = await Stage.set('admit-table');
  await stage.sluice();
  players = await Players.on(stage);
  await players.prepare(playing);
  for (const one of playing) {
    const outcome = players.play(one);
    outcome.catch(() => undefined);
    outcomes.set(one.case, outcome);
  }
  await Promise.allSettled(outcomes.values());
}, 300_000);

afterAll(async () => {
  await players.leave();
  await stage.strike();
});

describe.each(table)('$row', ({ cases }) => {
  it.each(cases)('$name: $run', async (one) => {
    const found = await outcomes.get(one);
    expect(found?.see).toEqual(one.see);
    expect(found?.then).toEqual(one.then);
    expect(found?.events).toEqual(one.events ?? []);
    if (found?.then === 'same') expect(found.pods).toBe('the same');
  });
});
