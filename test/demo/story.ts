/** The story of the demo, inside the cluster: v1 by plain kubectl, v2 promoted, v3 rolled back, and what the load saw. */
import type { Counts, Load } from '../support/load.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { Stage, type SeenRelease } from '../support/stage.ts';
import { bar, say, show } from './screen.ts';
import { pause } from '../cluster/pause.ts';

const annotations = { 'sluice.dev/canary': 'enabled', 'sluice.dev/steps': '5,25,50', 'sluice.dev/interval': '8s' };
const web = (version: string, env: Record<string, string> = {}): object => app({ version, env, annotations });

const apply = async (stage: Stage, what: string, ...objects: readonly object[]): Promise<void> => {
  say(`\n$ kubectl apply -f web.yaml    # ${what}`);
  for (const line of (await stage.apply(...objects)).trim().split('\n')) say(line);
};

const line = ({ name, status }: SeenRelease): string => {
  const { phase = 'Pending', stepLabel = '0/0', weight = 0, message = '' } = status ?? {};
  return `${name}  ${phase.padEnd(11)} step ${stepLabel}  ${String(weight).padStart(3)} % ${bar(weight)}  ${message}`;
};

const figures = async (load: Load): Promise<string> => {
  const { requests, failed, byVersion } = await load.total();
  const versions = Object.entries(byVersion).map(([version, n]) => `${version} ${n}`);
  return `| ${requests} requests (${versions.join(', ')}), ${failed} failed`;
};

/** Shows a release until it has ended. */
const follow = async (stage: Stage, load: Load, before: string | undefined): Promise<SeenRelease> => {
  for (;;) {
    const release = stage.release();
    if (release !== undefined && release.name !== before) {
      show(line(release), await figures(load));
      if (release.status?.completedAt !== undefined) return release;
    }
    await pause(250);
  }
};

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

const tell = async (stage: Stage): Promise<void> => {
  say('\n$ kubectl get releases');
  say((await stage.kubectlOk('get', 'releases')).trimEnd());
};

const play = async (stage: Stage): Promise<string> => {
  say('starting Sluice: webhook and controller in one process (npm run dev)');
  await stage.sluice();
  await apply(
    stage,
    'a Service, a VirtualService of yours, and version 1 with three annotations',
    service(),
    virtualService(),
    web('v1'),
  );
  await stage.untilRolledOut();
  const load = await stage.load({ rps: 100 });
  say('version 1 serves; a client sends 100 requests a second through a real Envoy');

  await apply(stage, 'version 2', web('v2'));
  const good = await follow(stage, load, undefined);
  must(good.status?.phase === 'Succeeded', `version 2 was not promoted: ${line(good)}`);
  say(`version 2: ${good.status?.message ?? ''}`);
  const { failed, byError, byStatus } = await load.total();
  must(failed === 0, `${failed} requests failed before version 3: ${JSON.stringify({ byError, byStatus })}`);

  await apply(stage, 'version 3, which answers 30 % of its requests with an error', web('v3', { ERROR_RATE: '0.3' }));
  const bad = await follow(stage, load, good.name);
  must(
    bad.status?.phase === 'Failed' && bad.status.step === 1,
    `version 3 was not rolled back at the first weight: ${line(bad)}`,
  );
  say('version 3 was rolled back at the first weight. The evidence:');
  for (const { at, because } of bad.status?.failedChecks ?? []) say(`  ${at}  ${because}`);
  await rolloutFails(stage);
  await tell(stage);
  return count(await load.total());
};

const rolloutFails = async (stage: Stage): Promise<void> => {
  say('\n$ kubectl rollout status deployment/web');
  const { code, stdout, stderr } = await stage.kubectl('rollout', 'status', 'deployment/web', '--timeout=20s');
  say(`${stdout}${stderr}`.trimEnd());
  must(code === 1, `kubectl rollout status should have failed, and ended with ${code}`);
};

const count = (total: Counts): string => {
  const { requests, failed, failedApplication, byVersion, byError, byStatus } = total;
  const bySluice = total.failedTransport + total.failedInfrastructure;
  must(
    ['v2', 'v3'].every((version) => (byVersion[version] ?? 0) > 0),
    'a canary got no traffic',
  );
  must(bySluice === 0, `${bySluice} requests failed because of Sluice: ${JSON.stringify({ byError, byStatus })}`);
  say(`\nrequests sent: ${requests}`);
  say(`failed: ${failed} (answered so by version 3 itself: ${failedApplication})`);
  say(`failed because of Sluice: ${bySluice}`);
  return `demo: v2 promoted, v3 rolled back, ${requests} requests, ${bySluice} failed because of Sluice`;
};

const hints = (stage: Stage): readonly string[] => {
  const inside = `npm run cluster -- exec --name ${stage.cluster.name}`;
  return [
    'still running; in another terminal of this folder:',
    `  ${inside} kubectl -n ${stage.namespace} get releases`,
    `  ${inside} kubectl -n ${stage.namespace} set image deployment/web app=sluice.test/app:v4`,
    `  ${inside} bin/kubectl-sluice -n ${stage.namespace} watch web`,
    `  ${inside} bin/kubectl-sluice -n ${stage.namespace} abort web --reason "not today"`,
    'Ctrl-C here takes everything away',
  ];
};

const untilInterrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });

const stage = await Stage.in('demo');
let last: string;
try {
  last = await play(stage);
  if ((process.env['KEEP'] ?? '') !== '') {
    // Here already: an interrupted make no longer waits for what comes after it.
    for (const line of [last, ...hints(stage)]) say(line);
    await untilInterrupted();
  }
} catch (error) {
  say(`demo: failed: ${error instanceof Error ? error.message : String(error)}`);
  last = '';
}
await stage.teardown();
if (last !== '') say(last);
process.exit(last === '' ? 1 : 0);
