/**
 * Run inside a cluster of its own: istiod is away while one release changes its weight, one is aborted, one fails and one is
 * at the end of its promotion. The proxies do not hear of it. Prints as JSON what became of each. `cluster-parts.test.ts`
 * judges.
 */
import { pause } from '../cluster/pause.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { lifeOf, begin, type Life } from '../support/life.ts';
import { share } from '../support/load.ts';
import { Stage } from '../support/stage.ts';

export type IstiodAwayReport = {
  readonly awayMs: number;
  /** Of the release that changes its weight, when istiod went away. */
  readonly stepBefore: number;
  readonly of: Readonly<
    Record<
      string,
      {
        readonly phase: string;
        /** Canary pods that were ready when istiod came back. */
        readonly canaryPods: number;
        /** Why they were kept, in the words of the event. */
        readonly kept: string;
        readonly requests: number;
        readonly lost: number;
      }
    >
  >;
};

/** At least so long is istiod away. */
const outage = 12_000;

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '2s',
  'sluice.dev/no-data': 'pass',
  'sluice.dev/min-requests': '1',
  'sluice.dev/approval': 'required',
};
/** The first step lasts until istiod is away. */
const changing = { ...annotations, 'sluice.dev/steps': '20,50', 'sluice.dev/interval': '12s' };

const stage = await Stage.set('istiod-away');
const istiod = stage.cluster.component('istiod');
const [changed, aborted, promoted] = ['changed', 'aborted', 'promoted'].map((name) => lifeOf(stage, name, 3)) as [
  Life,
  Life,
  Life,
];
const lives = [changed, aborted, promoted];
const settings = (life: Life) => (life === changed ? changing : annotations);

const ask = (life: Life, verb: string): Promise<string> =>
  stage.kubectlOk(
    'annotate',
    `release/${life.releases()[0]?.name ?? ''}`,
    `sluice.dev/request.${verb}=${JSON.stringify({ verb })}`,
  );
const status = (life: Life) => life.releases()[0]?.status;
const kept = ({ name }: Life): string => stage.events(name).find((event) => event.startsWith('StillSending: ')) ?? '';

const sluice = await stage.sluice();
await Promise.all(lives.map((life) => begin(stage, [life], { annotations: settings(life) })));
const loads = await Promise.all(lives.map(({ name }) => stage.load({ host: name, rps: 25 })));

for (const life of [aborted, promoted]) await life.apply({ version: 'v2', annotations });
for (const life of [aborted, promoted])
  await stage.until(`${life.name} to wait for approval`, () => status(life)?.phase === 'Waiting');
await changed.apply({ version: 'v2', annotations: changing });
await changed.untilUnderWay();

// A promotion is ended by Sluice as soon as the roll is over. It is stopped meanwhile, so that proxies know of the roll.
await ask(promoted, 'promote');
await stage.until('the roll to begin', () => !promoted.paused());
await sluice.signal('SIGSTOP');
await promoted.rolledOut();
await pause(2000);
await istiod.stop('SIGKILL');
const stepBefore = status(changed)?.step ?? 0;
const since = Date.now();
await sluice.signal('SIGCONT');
await ask(aborted, 'abort');
await stage.until(
  'the next weight',
  () => status(changed)?.step === 2 && status(changed)?.splitInPlaceAt !== undefined,
);
for (const life of [aborted, promoted]) await stage.until(`what ${life.name} is kept for`, () => kept(life) !== '');
await pause(Math.max(0, since + outage - Date.now()));
const canaryPods = lives.map(({ name }) => Number(stage.deployment(`${name}-canary`)?.status?.['readyReplicas'] ?? 0));
await istiod.start();
const awayMs = Date.now() - since;

// A roll of stable that proxies do not hear of would lose requests natively, too.
await waitUntil('the proxies to hear of the weight', async () => share(await loads[0]!.window(), 'v2') > 40, {
  // A hundred requests each, which tell 50 % from 20 %.
  everyMs: 4000,
});
await ask(changed, 'promote');
for (const life of lives) await stage.until(`the end of ${life.name}`, () => status(life)?.completedAt !== undefined);
await Promise.all(lives.map((life) => life.rolledOut()));
const entries = lives.map(async (life, i) => {
  const { requests, failed: lost } = await loads[i]!.total();
  const phase = status(life)?.phase ?? '';
  return [life.name, { phase, canaryPods: canaryPods[i] ?? 0, kept: kept(life), requests, lost }] as const;
});
const report: IstiodAwayReport = { awayMs, stepBefore, of: Object.fromEntries(await Promise.all(entries)) };
process.stdout.write(JSON.stringify(report));
await stage.teardown();
process.exit(0);
