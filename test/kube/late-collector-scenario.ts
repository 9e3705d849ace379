/**
 * Run inside a cluster of its own: kube-controller-manager, and with it the garbage collector, is away when a bad version
 * fails, and the fix is applied at once. Prints as JSON what was served and judged. `cluster-parts.test.ts` judges.
 */
import { kinds } from '../../src/schema/kinds.ts';
import { lifeOf, begin } from '../support/life.ts';
import { Stage } from '../support/stage.ts';

export type LateCollectorReport = {
  readonly phases: readonly string[];
  /** What the fix waited for. */
  readonly waited: string;
  /** From the first split of the fix to its end. */
  readonly served: Readonly<Record<string, number>>;
  readonly failedThen: number;
  /** Requests that no application answered, in all. */
  readonly lost: number;
  readonly requests: number;
};

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '20,50',
  'sluice.dev/interval': '3s',
  'sluice.dev/threshold': '1',
  'sluice.dev/min-requests': '1',
};

const stage = await Stage.set('late-collector');
const web = lifeOf(stage, 'web', 3);
const controllers = stage.cluster.component('kube-controller-manager');
const podsOfBad = (): number =>
  stage.view.list(kinds.pod, stage.namespace).filter(({ spec }) => JSON.stringify(spec).includes('sluice.test/app:v2'))
    .length;

await stage.sluice();
await begin(stage, [web], { annotations });
const load = await stage.load({ rps: 40 });

await web.apply({ version: 'v2', annotations, env: { ERROR_RATE: '0.5' } });
const bad = await web.untilUnderWay();
await controllers.stop('SIGKILL');
await stage.until('the failure', () => web.releases()[0]?.status?.ending !== undefined);
await web.apply({ version: 'v3', annotations });
const fix = await stage.until('the fix to wait', () => {
  const next = web.releases()[1];
  return next?.status?.waiting === undefined ? undefined : next;
});
const waited = `${fix.status?.waiting?.reason ?? ''}: ${fix.status?.waiting?.message ?? ''}`;
await stage.until('no pod of the bad version', () => podsOfBad() === 0);
await load.window();
await controllers.start();
await web.untilPhase(fix.name, 'Succeeded');
const then = await load.window();

const { failedTransport, failedInfrastructure, requests } = await load.total();
const report: LateCollectorReport = {
  phases: [bad.name, fix.name].map(
    (name) => web.releases().find((release) => release.name === name)?.status?.phase ?? '',
  ),
  waited,
  served: then.byVersion,
  failedThen: then.failed,
  lost: failedTransport + failedInfrastructure,
  requests,
};
process.stdout.write(JSON.stringify(report));
await stage.teardown();
process.exit(0);
