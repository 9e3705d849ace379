import { readFileSync } from 'node:fs';
import TestSequencer from '@jest/test-sequencer';

const secondsOf = (path) => Number(/^\/\*\*[^]*?@long (\d+) s[^]*?\*\//.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);

/**
 * Files that take long start first, so that none of them is still running when all others are over. Which do is said by
 * `@long <about how many> s` in the comment they begin with: a fresh clone has no times of earlier runs. The rest
 * follows in Jest's own order.
 */
export default class LongFirst extends TestSequencer {
  sort(tests) {
    const seconds = new Map(tests.map((test) => [test, secondsOf(test.path)]));
    return super.sort([...tests]).sort((a, b) => seconds.get(b) - seconds.get(a));
  }
}
