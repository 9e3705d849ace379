/**
 * Every row of the admission table, by every tool that can come there, on a real API server with the real Sluice.
 * @long 90 s
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Row } from '../admission/case.ts';
import { givens, type GivenName } from '../admission/givens.ts';
import { keepsPods, Players, type Outcome, type Outcomes, type Playing } from '../admission/play.ts';
import { table } from '../admission/table.ts';
import { sluice } from '../support/admission-input.ts';
import { Stage } from '../support/stage.ts';

const outcomes = new Map<object, Promise<Outcome>>();
const endings: (() => Promise<unknown>)[] = [];

const playing = (webhook: Row['webhook']): readonly Playing[] =>
  table
    .filter((row) => row.webhook === webhook)
    .flatMap(({ cases }) => cases)
    .map((one, i) => ({ case: one, given: givens[one.given satisfies GivenName], name: `w${i}` }));

const onStage = async (name: string, play: (stage: Stage, players: Players) => Promise<Outcomes>): Promise<void> => {
  const stage = await Stage.set(name);
  endings.push(() => stage.teardown());
  const players = await Players.on(stage);
  endings.push(() => players.leave());
  for (const [one, outcome] of await play(stage, players)) outcomes.set(one, outcome);
};

const withWebhook = (): Promise<void> =>
  onStage('admit-table', async (stage, players) => {
    await stage.sluice();
    return players.playAll(playing(undefined));
  });

/** What a killed process leaves behind. */
const installed = 'mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterrolebindings,clusterroles';

/** The process is killed; the controller comes back, the webhook does not. */
const withoutWebhook = (policy: 'Fail' | 'Ignore'): Promise<void> =>
  onStage(`admit-${policy.toLowerCase()}`, async (stage, players) => {
    const flags = ['--failure-policy', policy];
    const doomed = await stage.sluice({ flags });
    const found = await players.playAround(playing(policy), async () => {
      await doomed.kill('SIGKILL');
      await stage.sluice({ command: 'controller', kubeconfig: await players.kubeconfigAs(sluice) });
    });
    endings.push(() => stage.kubectlOk('delete', installed, `sluice-dev-${stage.namespace}`));
    return found;
  });

beforeAll(async () => {
  await Promise.all([withWebhook(), withoutWebhook('Fail'), withoutWebhook('Ignore')]);
}, 600_000);

afterAll(async () => {
  for (const end of endings.reverse()) await end();
}, 180_000);

describe.each(table)('$row', ({ cases }) => {
  it.each(cases)('$name: $run', async (one) => {
    const found = (await outcomes.get(one))!;
    expect(found.see).toEqual(one.see);
    expect(found.then).toEqual(one.then);
    expect(found.events).toEqual(one.events ?? []);
    expect(found.pods).toBe(keepsPods(one, found.served) ? 'the same' : 'others');
  });
});
