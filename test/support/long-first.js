import { readFileSync } from 'node:fs';
import TestSequencer from '@jest/test-sequencer';

const secondsOf = (path) => {
  const [head = ''] = /^\/\*\*[^]*?\*\//.exec(readFileSync(path, 'utf8')) ?? [];
  const seconds = /@long (\d+) s\b/.exec(head)?.[1];
  if (seconds === undefined && head.includes('@long')) throw new Error(`${path}: write it as "@long 60 s"`);
  return Number(seconds ?? 0);
};

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
