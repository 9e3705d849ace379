import { TestEnvironment } from 'jest-environment-node';

/** Agreed with test/cluster/hook-time.ts. */
const HOOK_TIME = Symbol.for('sluice.test.hook-time');

/** Before a hook's time is up: what is said then is the last that is said of it. */
const LAST_WORDS_MS = 2000;

/**
 * Node's environment, and the waits of the test kit know how much time the hook or test they are in still has: Jest ends
 * what takes too long without a word. What hangs although no wait of the kit does is told here.
 */
export default class TimedEnvironment extends TestEnvironment {
  #file;
  #lastWords;

  constructor(config, context) {
    super(config, context);
    this.#file = context.testPath;
  }

  handleTestEvent(event, state) {
    switch (event.name) {
      case 'hook_start':
        return this.#begin(event.hook.type, event.hook.timeout || state.testTimeout);
      case 'test_fn_start':
        return this.#begin(`test ${JSON.stringify(event.test.name)}`, event.test.timeout || state.testTimeout);
      case 'hook_success':
      case 'hook_failure':
      case 'test_fn_success':
      case 'test_fn_failure':
        return this.#end();
      default:
        return undefined;
    }
  }

  async teardown() {
    this.#end();
    await super.teardown();
  }

  #begin(what, totalMs) {
    this.#end();
    const time = { what, totalMs, endsAt: Date.now() + totalMs, waiting: new Map(), over: [] };
    this.global[HOOK_TIME] = time;
    this.#lastWords = setTimeout(() => this.#tell(time), totalMs - Math.min(LAST_WORDS_MS, totalMs / 20));
    this.#lastWords.unref();
  }

  #end() {
    clearTimeout(this.#lastWords);
    if (this.global !== null) delete this.global[HOOK_TIME];
  }

  #tell({ what, totalMs, waiting, over }) {
    const lines = [
      ...[...waiting.values()].map((one) => `waiting for ${one.what} since ${seconds(Date.now() - one.since)}`),
      ...over.map((one) => `waited for ${one.what}: ${seconds(one.ms)}`),
    ];
    const known = lines.length === 0 ? ['nothing is waited for that the test kit knows of'] : lines;
    process.stderr.write(
      `${this.#file}: ${what} is about to exceed its ${seconds(totalMs)}\n  ${known.join('\n  ')}\n`,
    );
  }
}

const seconds = (ms) => `${Math.round(ms / 100) / 10} s`;
