/**
 * What the controller costs, on a cluster in memory with a clock that is moved: n releases at once in one namespace, each
 * through a VirtualService of its own and with the two built-in checks. CPU is that of the whole process, the cluster in memory
 * included. `npm run bench:controller` runs n = 20, 200 and 1,000; `-- --n 200` one of them.
 */
import { parseArgs } from 'node:util';
import { isFinal } from '../src/core/release/state.ts';
import { aFleet, type Fleet } from './controller/fleet.ts';

const { values } = parseArgs({ options: { n: { type: 'string', default: '20,200,1000' } } });
const sizes = values.n.split(',').map(Number);

const cpuMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

type Released = { readonly reconciles: number; readonly cpuMsPerRelease: number; readonly queriesPerTick: number };

/** Every workload is promoted. Their windows end on the same ticks, as they do where one pipeline applies everything. */
const release = async (fleet: Fleet): Promise<Released> => {
  const { names, traffic, reconciles, until, apply, status } = fleet;
  const [cpu, before] = [process.cpuUsage(), reconciles()];
  apply(names, 'v2');
  await until('every release to be promoted', () => names.every((name) => status(name)?.phase === 'Succeeded'));
  return {
    reconciles: reconciles() - before,
    cpuMsPerRelease: round(cpuMs(cpu) / names.length, 2),
    queriesPerTick: traffic.queriesPerTick(),
  };
};

const touches = 20;

type Touched = {
  readonly reconcilesPerTouchedRoute: number;
  readonly msPerTouchedRoute: number;
  readonly cpuMsPerTouchedRoute: number;
};

/** One VirtualService at a time is changed by somebody else while all releases are under way. */
const touchRoutes = async (fleet: Fleet): Promise<Touched> => {
  const { names, reconciles, settle, touch } = fleet;
  await settle();
  const [before, start, cpu] = [reconciles(), performance.now(), process.cpuUsage()];
  for (let i = 0; i < touches; i += 1) {
    touch(names[i % names.length] ?? '', String(i));
    await settle();
  }
  return {
    reconcilesPerTouchedRoute: round((reconciles() - before) / touches),
    msPerTouchedRoute: round((performance.now() - start) / touches, 2),
    cpuMsPerTouchedRoute: round(cpuMs(cpu) / touches, 2),
  };
};

type Aborted = { readonly abortMsWhileSourceHangs: number; readonly abortCpuMsWhileSourceHangs: number };

/** The version of before is applied to one workload while the source of all of them hangs, its own too. */
const abort = async (fleet: Fleet): Promise<Aborted> => {
  const { names, settle, apply, status, clock } = fleet;
  fleet.traffic.hang();
  await clock.advanceAsync(20_000);
  const [name = ''] = names;
  if (isFinal(status(name)?.phase ?? 'Succeeded')) throw new Error('the release was over before it could be aborted');
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  apply([name], 'v2');
  await settle();
  const took = {
    abortMsWhileSourceHangs: round(performance.now() - start),
    abortCpuMsWhileSourceHangs: round(cpuMs(cpu)),
  };
  if (status(name)?.ending?.outcome !== 'Aborted') throw new Error('the release was not aborted');
  return took;
};

for (const n of sizes) {
  const fleet = await aFleet(n);
  const released = await release(fleet);
  fleet.apply(fleet.names, 'v3');
  await fleet.until('every release to be under way', () =>
    fleet.names.every((name) => fleet.status(name)?.phase === 'Progressing'),
  );
  const touched = await touchRoutes(fleet);
  const aborted = await abort(fleet);
  const rssMiB = Math.round(process.memoryUsage().rss / 1_048_576);
  process.stdout.write(`${JSON.stringify({ n, namespaces: 1, ...released, ...aborted, ...touched, rssMiB })}\n`);
}
process.exit(0);
