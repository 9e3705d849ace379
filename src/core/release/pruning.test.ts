import { describe, expect, it } from '@jest/globals';
import type { Phase } from '../../schema/release.ts';
import { prunedOf, type Prunable } from './pruning.ts';

const release = (name: string, phase: Phase | undefined, needed = false): Prunable => ({
  name,
  status: phase === undefined ? undefined : { phase },
  needed,
});

describe('F17: Releases beyond the limit', () => {
  it.each<[string, readonly Prunable[], number, readonly string[]]>([
    ['none below it', [release('a', 'Succeeded'), release('b', 'Failed')], 2, []],
    [
      'the oldest',
      [release('a', 'Succeeded'), release('b', 'Failed'), release('c', 'Aborted'), release('d', 'Succeeded')],
      2,
      ['a', 'b'],
    ],
    ['never one under way', [release('a', 'Progressing'), release('b', undefined), release('c', 'Succeeded')], 1, []],
    [
      'never one that is needed, such as the evidence of a held failure',
      [release('a', 'Failed', true), release('b', 'Succeeded'), release('c', 'Succeeded')],
      1,
      ['b'],
    ],
  ])('%s', (_case, releases, limit, pruned) => {
    expect(prunedOf(releases, limit).map(({ name }) => name)).toEqual(pruned);
  });
});
