/**
 * How fast the webhook answers: over real HTTPS, beside a bare server that only parses the same JSON, both in processes
 * of their own and driven by a third. First 200 questions a second; then as fast as it goes, in short turns of one server
 * and the other, so that whatever else the machine does meets both alike.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startWebhookProcess, type WebhookProcess } from '../test/support/webhook-process.ts';
import type { Drive, Driven } from './admission/load.ts';

const rate = 200;
const pacedSeconds = 30;
/** Tells how much of a latency is the machine's. */
const barePacedSeconds = 10;
const turns = 12;
const turnSeconds = 2.5;
const warmUpSeconds = 3;
const goals = { p99Ms: 10, ratio: 0.5, growthMiB: 5 };

type Measured = { answered: number; seconds: number; cpuMs: number; failed: number };

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
const at = (sorted: readonly number[], quantile: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * quantile) - 1)] ?? Number.NaN;

const quantiles = ({ latenciesMs }: Driven): readonly [p50: number, p99: number] => [
  at(latenciesMs, 0.5),
  at(latenciesMs, 0.99),
];

const startLoad = (): ChildProcess => fork(fileURLToPath(new URL('./admission/load.ts', import.meta.url)));

const drive = async (
  load: ChildProcess,
  server: WebhookProcess,
  order: Omit<Drive, 'port' | 'ca'>,
): Promise<Driven> => {
  const answer = once(load, 'message');
  load.send({ ...order, port: server.port, ca: server.ca } satisfies Drive);
  return ((await answer) as [Driven])[0];
};

/** One turn as fast as it goes, with the CPU time it took the server. */
const turn = async (load: ChildProcess, server: WebhookProcess): Promise<Measured> => {
  const before = await server.usage();
  const { answered, seconds, failed } = await drive(load, server, { seconds: turnSeconds });
  return { answered, seconds, failed, cpuMs: (await server.usage()).cpuMs - before.cpuMs };
};

const total = (all: readonly Measured[]): { rps: number; cpuUs: number; failed: number } => {
  const sum = (of: (one: Measured) => number): number => all.reduce((n, one) => n + of(one), 0);
  const answered = sum((one) => one.answered);
  return {
    rps: answered / sum((one) => one.seconds),
    cpuUs: (sum((one) => one.cpuMs) * 1000) / answered,
    failed: sum((one) => one.failed),
  };
};

const measure = async (load: ChildProcess, ours: WebhookProcess, bare: WebhookProcess): Promise<void> => {
  await drive(load, ours, { seconds: warmUpSeconds });
  await drive(load, bare, { seconds: warmUpSeconds });
  const warm = await ours.usage();
  const paced = await drive(load, ours, { seconds: pacedSeconds, rate });
  const [p50Ms, p99Ms] = quantiles(paced);
  say(`${rate}/s for ${pacedSeconds} s: ${paced.answered} answers, p50 ${round(p50Ms)} ms, p99 ${round(p99Ms)} ms`);
  const [bare50, bare99] = quantiles(await drive(load, bare, { seconds: barePacedSeconds, rate }));
  say(`  the bare server at the same rate: p50 ${round(bare50)} ms, p99 ${round(bare99)} ms`);

  const [oursTurns, bareTurns]: [Measured[], Measured[]] = [[], []];
  for (let i = 0; i < turns; i += 1) {
    oursTurns.push(await turn(load, ours));
    bareTurns.push(await turn(load, bare));
  }
  const [us, base] = [total(oursTurns), total(bareTurns)];
  say(`as fast as it goes, ${turns} turns of ${turnSeconds} s each:`);
  say(`  sluice ${round(us.rps, 0)}/s, ${round(us.cpuUs, 0)} µs of CPU an answer`);
  say(`  bare   ${round(base.rps, 0)}/s, ${round(base.cpuUs, 0)} µs of CPU an answer`);
  const end = await ours.usage();
  const growthMiB = end.heapMiB - warm.heapMiB;
  say(`heap in use ${round(warm.heapMiB, 1)} MiB after warming up, ${round(end.heapMiB, 1)} MiB at the end`);
  say(`resident ${round(warm.rssMiB, 0)} MiB after warming up, ${round(end.rssMiB, 0)} MiB at the end`);

  const ratio = us.rps / base.rps;
  const failed = paced.failed + us.failed + base.failed;
  goal(`p99 at most ${goals.p99Ms} ms at ${rate}/s`, p99Ms <= goals.p99Ms);
  goal(`at least ${goals.ratio} of the bare server's rate`, ratio >= goals.ratio);
  goal(`heap grows by less than ${goals.growthMiB} MiB`, growthMiB < goals.growthMiB);
  goal('every answer right', failed === 0);
  const result = { p50Ms, p99Ms, rps: us.rps, baselineRps: base.rps, ratio, rssMiB: end.rssMiB };
  say(JSON.stringify(Object.fromEntries(Object.entries(result).map(([key, value]) => [key, round(value)]))));
};

const goal = (text: string, reached: boolean): void => say(`${reached ? 'reached' : 'MISSED '}: ${text}`);

const execArgv = ['--expose-gc'];
const [ours, bare] = await Promise.all([
  startWebhookProcess({ kind: 'sluice', execArgv }),
  startWebhookProcess({ kind: 'bare', execArgv }),
]);
const load = startLoad();
await measure(load, ours, bare);
load.disconnect();
await Promise.all([ours.stop(), bare.stop()]);
