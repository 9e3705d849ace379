import { describe, expect, it } from '@jest/globals';
import { channel } from './channel.ts';

const collect = async <T>(values: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
};

describe('channel', () => {
  it('gives out in order what was pushed before and while it is read', async () => {
    const { push, end, values } = channel<number>();
    push(1);
    push(2);
    const read = collect(values);
    await Promise.resolve();
    push(3);
    end();
    expect(await read).toEqual([1, 2, 3]);
  });

  it('fails after what was pushed before', async () => {
    const { push, fail, values } = channel<number>();
    push(1);
    fail(new Error('broken'));
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const value of values) seen.push(value);
      })(),
    ).rejects.toThrow('broken');
    expect(seen).toEqual([1]);
  });

  it('ends the way it was ended first', async () => {
    const { end, fail, values } = channel<number>();
    end();
    fail(new Error('too late'));
    expect(await collect(values)).toEqual([]);
  });
});
