/** `make demo`: a test cluster, and in it the story. KEEP=1 leaves everything running until Ctrl-C. */
import { progressOn } from '../cluster/binaries/progress.ts';
import { up } from '../cluster/up.ts';

const fail = (error: unknown): never => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
};

// The first time this takes minutes: who waits is told what for.
const progress = progressOn(process.stdout);
const cluster = await up({ name: `demo-${process.pid}`, lifetime: 'process', progress }).catch(fail);
const story = cluster.exec(process.execPath, ['test/demo/story.ts'], { stdio: 'inherit', atTerminal: true });
// The story hears an interrupt itself and ends in order; the cluster goes with this process in any case.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void story.kill(signal));
const { code } = await story.ended;
await cluster.down();
process.exit(code ?? 1);
