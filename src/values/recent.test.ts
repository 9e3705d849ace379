import { describe, expect, it } from '@jest/globals';
import { Recent } from './recent.ts';

const all = (memory: Recent<number>, keys: string): readonly (number | undefined)[] =>
  Array.from(keys, (key) => memory.recall(key));

describe('what was worked out recently', () => {
  it('is kept until so many others have come', () => {
    const memory = new Recent<number>(2);
    expect(memory.recall('a')).toBeUndefined();
    memory.keep('a', 1);
    memory.keep('b', 2);
    expect(all(memory, 'ab')).toEqual([1, 2]);
    memory.keep('c', 3);
    expect(all(memory, 'abc')).toEqual([undefined, 2, 3]);
    memory.keep('d', 4);
    memory.keep('e', 5);
    expect(all(memory, 'abcde')).toEqual([undefined, undefined, undefined, 4, 5]);
  });

  it('is replaced where the key is the same, and puts nothing out', () => {
    const memory = new Recent<number>(2);
    memory.keep('a', 1);
    memory.keep('b', 2);
    memory.keep('b', 3);
    expect(all(memory, 'ab')).toEqual([1, 3]);
    memory.keep('c', 4);
    expect(all(memory, 'abc')).toEqual([undefined, 3, 4]);
  });
});
