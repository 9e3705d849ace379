/**
 * Run inside a cluster of its own: the kind of route that a provider works with is not there, is installed, taken away in the
 * middle of releases, and installed again, while Sluice runs all the time. Prints as JSON what people were told and what
 * became of everything. `cluster-route-kinds.test.ts` judges.
 */
import { readFile } from 'node:fs/promises';
import { apiVersion } from '../../src/schema/names.ts';
import { trafficSplits } from '../../src/traffic/smi.ts';
import { crdFile } from '../cluster/binaries/crds.ts';
import { app, service } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

/** What a person sees of a workload and its release. */
export type Look = {
  readonly phase: string | undefined;
  readonly step: number | undefined;
  readonly message: string | undefined;
  readonly refused: string | undefined;
  /** Reasons of the events about both. */
  readonly events: readonly string[];
  readonly paused: boolean;
  readonly stableReady: number;
  readonly canary: boolean;
  /** Weights of the TrafficSplit. */
  readonly weights: readonly number[] | undefined;
};
export type Said = { readonly code: number | null; readonly text: string };

export type RouteKindsReport = {
  /** kubectl's words about a workload, a policy and a provider of no such name, without the kind and with it. */
  readonly absent: { readonly workload: Said; readonly policy: Said; readonly misspelt: Said };
  readonly present: { readonly workload: Said; readonly policy: Said };
  readonly pending: Look;
  readonly started: Look;
  readonly bereft: Look;
  readonly aborted: Look;
  readonly back: Look;
  readonly over: Look;
};

const trafficSplit = trafficSplits.gvk;
const definition = `${trafficSplit.plural}.${trafficSplit.group}`;
const file = crdFile('smi', '');
const stage = await Stage.set('route-kinds');

const install = async (): Promise<void> => {
  const { code, stderr } = await stage.cluster.run('kubectl', ['apply', '-f', '-'], {
    input: await readFile(file, 'utf8'),
  });
  if (code !== 0) throw new Error(stderr);
};
const takeAway = (): Promise<string> => stage.kubectlOk('delete', 'customresourcedefinition', definition);

const annotations = (provider: string) => ({
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': provider,
  'sluice.dev/steps': '20,50',
  'sluice.dev/interval': '1h',
  'sluice.dev/no-data': 'pass',
});
const policy = {
  apiVersion,
  kind: 'CanaryPolicy',
  metadata: { name: 'split' },
  spec: { provider: 'smi', weights: [20, 50] },
};
const deployment = (name: string, version: string, provider = 'smi'): object =>
  app({ name, version, replicas: 2, annotations: annotations(provider) });
const said = async (object: object, ...words: readonly string[]): Promise<Said> => {
  const { code, stdout, stderr } = await stage.send([object], 'apply', ...words);
  return { code, text: `${stderr}${stdout}` };
};

const weightsOf = (name: string): readonly number[] | undefined => {
  if (!stage.view.serves(trafficSplit)) return undefined;
  const spec = stage.get(trafficSplit, name)?.spec as { backends?: readonly { weight: number }[] } | undefined;
  return spec?.backends?.map(({ weight }) => weight);
};
const released = (name: string): Pick<Look, 'phase' | 'step' | 'message' | 'refused' | 'events'> => {
  const release = stage.release(name);
  const told = [...stage.events(name), ...(release === undefined ? [] : stage.events(release.name))];
  const { phase, step, message, lastWriteError } = release?.status ?? {};
  const events = [...new Set(told.map((event) => event.split(':')[0] ?? ''))];
  return { phase, step, message, refused: lastWriteError?.message, events };
};
const look = (name: string): Look => {
  const workload = stage.deployment(name);
  return {
    ...released(name),
    paused: workload?.spec?.['paused'] === true,
    stableReady: Number(workload?.status?.['readyReplicas'] ?? 0),
    canary: stage.deployment(`${name}-canary`) !== undefined,
    weights: weightsOf(name),
  };
};
/** What there is to see once this holds. */
const seen = async (name: string, what: string, holds: (look: Look) => boolean): Promise<Look> => {
  await stage.until(`${name}: ${what}`, () => holds(look(name)), 60_000);
  return look(name);
};
const isSplit = ({ weights }: Look): boolean => weights?.join() === '80,20';
const has =
  (event: string, words: string) =>
  ({ events, message }: Look): boolean =>
    events.includes(event) && message?.includes(words) === true;
const dry = (object: object): Promise<Said> => said(object, '--dry-run=server');

await stage.sluice();
const names = ['early', 'late'] as const;
await stage.apply(...names.flatMap((name) => [service(name), deployment(name, 'v1')]));
await Promise.all(names.map((name) => stage.untilRolledOut(name)));
const absent = {
  workload: await dry(deployment('late', 'v2')),
  policy: await dry(policy),
  misspelt: await dry(deployment('late', 'v2', 'linkred')),
};
await stage.apply(deployment('early', 'v2'));
const pending = await seen('early', 'to say why it cannot start', has('CannotStart', 'cannot start'));
await install();
const started = await seen('early', 'the split', isSplit);
const present = { workload: await dry(deployment('late', 'v2')), policy: await dry(policy) };
await stage.apply(deployment('late', 'v2'));
await seen('late', 'the split', isSplit);
await takeAway();
const waits = has('RouteKindMissing', 'does not serve');
const [bereft] = await Promise.all(
  names.map((name) => seen(name, 'to wait', (now) => waits(now) && now.refused === undefined)),
);
await stage.apply(deployment('late', 'v1'));
const aborted = await seen('late', 'its end', ({ phase, canary }) => phase === 'Aborted' && !canary);
await install();
const back = await seen('early', 'the split again', isSplit);
await stage.apply(deployment('early', 'v1'));
const over = await seen('early', 'its end', ({ phase, canary }) => phase === 'Aborted' && !canary);
const report: RouteKindsReport = { absent, present, pending, started, bereft: bereft!, aborted, back, over };
process.stdout.write(JSON.stringify(report));
await stage.teardown();
process.exit(0);
