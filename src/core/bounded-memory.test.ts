import { describe, expect, it } from '@jest/globals';
import { BoundedMemory } from './bounded-memory.ts';

describe('a bounded memory', () => {
  it('forgets what has not been asked for longest', () => {
    const memory = new BoundedMemory<number>(3);
    memory.keep('a', 1, 1);
    memory.keep('b', 2, 1);
    memory.keep('c', 3, 1);
    expect(memory.recall('a')).toBe(1);
    memory.keep('d', 4, 2);
    expect(['a', 'b', 'c', 'd'].map((key) => memory.recall(key))).toEqual([1, undefined, undefined, 4]);
  });

  it('keeps nothing that there is no room for, and puts nothing out for it', () => {
    const memory = new BoundedMemory<number>(2);
    memory.keep('a', 1, 2);
    memory.keep('b', 2, 3);
    expect(memory.recall('a')).toBe(1);
    expect(memory.recall('b')).toBeUndefined();
  });

  it('counts what has been replaced no longer', () => {
    const memory = new BoundedMemory<number>(2);
    memory.keep('a', 1, 2);
    memory.keep('a', 2, 1);
    memory.keep('b', 3, 1);
    expect([memory.recall('a'), memory.recall('b')]).toEqual([2, 3]);
  });
});
