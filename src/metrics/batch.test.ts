import { describe, expect, it } from '@jest/globals';
import type { Answer, Ask } from '../core/judge/series.ts';
import { MetricError, type MetricSource } from '../ports/metrics.ts';
import { batch } from './batch.ts';
import { memory } from './memory.ts';

const never = new AbortController().signal;
const ask: Ask = { query: 'up', shape: 'value', from: 1, to: 2 };
const answered: Answer = { series: [], notes: ['here'] };

/** A source whose answers are given by hand. */
const slow = () => {
  const under: { ask: Ask; signal: AbortSignal; resolve: (a: Answer) => void; reject: (e: unknown) => void }[] = [];
  const source: MetricSource = {
    ...memory(),
    fetch: (asked, signal) =>
      new Promise((resolve, reject) => void under.push({ ask: asked, signal, resolve, reject })),
  };
  return { under, source: batch(source) };
};

describe('identical asks under way', () => {
  it('are sent once and all get the answer', async () => {
    const { under, source } = slow();
    const all = [source.fetch(ask, never), source.fetch({ ...ask }, never)];
    expect(under).toHaveLength(1);
    under[0]?.resolve(answered);
    expect(await Promise.all(all)).toEqual([answered, answered]);
  });

  it('share a failure', async () => {
    const { under, source } = slow();
    const all = [source.fetch(ask, never), source.fetch(ask, never)];
    const error = new MetricError('timeout', 'late', { retry: true });
    under[0]?.reject(error);
    expect(await Promise.allSettled(all)).toEqual(Array(2).fill({ status: 'rejected', reason: error }));
  });

  it.each<[string, Partial<Ask>]>([
    ['another query', { query: 'down' }],
    ['another shape', { shape: 'samples' }],
    ['another start', { from: 0 }],
    ['another end', { to: 3 }],
  ])('are not identical with %s', (_case, other) => {
    const { under, source } = slow();
    void source.fetch(ask, never);
    void source.fetch({ ...ask, ...other }, never);
    expect(under).toHaveLength(2);
  });

  it('are asked anew when the first has been answered: nothing is cached', async () => {
    const { under, source } = slow();
    const first = source.fetch(ask, never);
    under[0]?.resolve(answered);
    await first;
    void source.fetch(ask, never);
    expect(under).toHaveLength(2);
  });
});

describe('a caller that leaves', () => {
  it('is told at once, and the others still get their answer', async () => {
    const { under, source } = slow();
    const controller = new AbortController();
    const [leaver, stayer] = [source.fetch(ask, controller.signal), source.fetch(ask, never)];
    controller.abort();
    await expect(leaver).rejects.toMatchObject({ name: 'MetricError', reason: 'cancelled' });
    expect(under[0]?.signal.aborted).toBe(false);
    under[0]?.resolve(answered);
    expect(await stayer).toBe(answered);
  });

  it('as the last one ends the request, and the next caller starts a new one', async () => {
    const { under, source } = slow();
    const controllers = [new AbortController(), new AbortController()];
    const all = controllers.map(({ signal }) => source.fetch(ask, signal));
    controllers.forEach((controller) => controller.abort());
    await Promise.allSettled(all);
    expect(under[0]?.signal.aborted).toBe(true);
    const next = source.fetch(ask, never);
    expect(under).toHaveLength(2);
    under[0]?.reject(new Error('too late to matter'));
    under[1]?.resolve(answered);
    expect(await next).toBe(answered);
  });

  it('before it has asked asks nothing', async () => {
    const { under, source } = slow();
    await expect(source.fetch(ask, AbortSignal.abort())).rejects.toMatchObject({ reason: 'cancelled' });
    expect(under).toHaveLength(0);
  });
});

it('everything else is the source’s own', async () => {
  const inner = memory();
  inner.fail(new MetricError('unreachable', 'gone', { retry: true }));
  const source = batch(inner);
  expect(source.kind).toBe('memory');
  expect(source.check('sum(')).toEqual(inner.check('sum('));
  await expect(source.ping(never)).rejects.toThrow('gone');
});
