import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { manualClock } from '../ports/clock.ts';
import type { ManualClock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import { workQueue } from './queue.ts';
import type { QueueOptions, RunReport, RunResult, WorkQueue } from './queue.ts';

type Job = { readonly key: string; readonly at: number; finish(result?: RunResult): void; fail(error: unknown): void };

/** A queue whose runs end when the test says so. */
const aQueue = (
  options: Partial<QueueOptions> = {},
): { queue: WorkQueue; clock: ManualClock; jobs: Job[]; reports: RunReport[]; settle: () => Promise<void> } => {
  const clock = manualClock(0);
  const jobs: Job[] = [];
  const reports: RunReport[] = [];
  const run = (key: string): Promise<RunResult> =>
    new Promise((resolve, reject) => {
      jobs.push({ key, at: clock.now(), finish: (result = {}) => resolve(result), fail: reject });
    });
  const queue = workQueue({
    clock,
    workers: 2,
    run,
    backoff: { base: 100, cap: 1000 },
    random: () => 0,
    report: (report) => reports.push(report),
    ...options,
  });
  return { queue, clock, jobs, reports, settle: () => clock.advanceAsync(0) };
};

const keysOf = (jobs: readonly Job[]): string[] => jobs.map((job) => job.key);

describe('adding', () => {
  test('a key added many times before its run starts is run once', async () => {
    const { queue, jobs, settle } = aQueue({ workers: 1 });
    queue.add('first');
    for (let i = 0; i < 5; i += 1) queue.add('a');
    expect(queue.depth()).toBe(1);
    jobs[0]?.finish();
    await settle();
    jobs[1]?.finish();
    await settle();
    expect(keysOf(jobs)).toEqual(['first', 'a']);
  });

  test('a key added during its own run is run once more, after it', async () => {
    const { queue, jobs, settle } = aQueue();
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect(jobs).toHaveLength(1);
    jobs[0]?.finish();
    await settle();
    expect(jobs).toHaveLength(2);
    jobs[1]?.finish();
    await settle();
    expect(jobs).toHaveLength(2);
    expect(queue.inFlight()).toBe(0);
  });

  test('keys are started in the order they came, as many at a time as there are workers', async () => {
    const { queue, jobs, settle } = aQueue({ workers: 2 });
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    expect(keysOf(jobs)).toEqual(['a', 'b']);
    jobs[1]?.finish();
    await settle();
    expect(keysOf(jobs)).toEqual(['a', 'b', 'c']);
    expect(queue.depth()).toBe(1);
  });
});

describe('times', () => {
  test('only the earliest of several times is kept', async () => {
    const { queue, clock, jobs } = aQueue();
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 800);
    expect(clock.waiting()).toEqual([200]);
    await clock.advanceAsync(200);
    jobs[0]?.finish();
    await clock.advanceAsync(2000);
    expect(jobs.map((job) => job.at)).toEqual([200]);
  });

  test('a run makes an earlier time void, and what it returns sets the next', async () => {
    const { queue, clock, jobs } = aQueue();
    queue.addAfter('a', 500);
    queue.add('a');
    expect(clock.waiting()).toEqual([]);
    jobs[0]?.finish({ again: 700 });
    await clock.advanceAsync(700);
    expect(jobs.map((job) => job.at)).toEqual([0, 700]);
  });

  test('a time that was set during a run holds after it', async () => {
    const { queue, clock, jobs } = aQueue();
    queue.add('a');
    queue.addAfter('a', 300);
    jobs[0]?.finish({ again: 900 });
    await clock.advanceAsync(300);
    expect(jobs.map((job) => job.at)).toEqual([0, 300]);
  });

  test('a delay of nothing is an ordinary add', () => {
    const { queue, clock, jobs } = aQueue();
    queue.addAfter('a', 0);
    expect(jobs).toHaveLength(1);
    expect(clock.waiting()).toEqual([]);
  });
});

describe('failures', () => {
  test('delays double up to the cap and start again after a success', async () => {
    const { queue, clock, jobs, reports, settle } = aQueue();
    queue.add('a');
    for (const delay of [100, 200, 400, 800, 1000, 1000]) {
      jobs.at(-1)?.fail(new Error('no'));
      await settle();
      expect(reports.at(-1)?.retryIn).toBe(delay);
      await clock.advanceAsync(delay);
    }
    expect(reports.at(-1)?.failures).toBe(6);
    jobs.at(-1)?.finish();
    await settle();
    expect(reports.at(-1)?.failures).toBe(0);
    queue.add('a');
    jobs.at(-1)?.fail(new Error('no'));
    await settle();
    expect(reports.at(-1)?.retryIn).toBe(100);
  });

  test('a run that throws before it returns a promise counts as failed', async () => {
    const { queue, reports, settle } = aQueue({
      run: () => {
        throw new Error('at once');
      },
    });
    queue.add('a');
    await settle();
    expect(reports[0]).toMatchObject({ key: 'a', failures: 1, error: new Error('at once') });
  });

  test('the wait that the API server asked for is kept when it is longer than the back-off', async () => {
    const { queue, jobs, reports, settle } = aQueue();
    queue.add('a');
    jobs[0]?.fail(new ClusterError('throttled', 'slow down', { retryAfter: 5000 }));
    await settle();
    expect(reports[0]?.retryIn).toBe(5000);
  });

  test('what was added during a failed run waits for the back-off', async () => {
    const { queue, clock, jobs, settle } = aQueue();
    queue.add('a');
    queue.add('a');
    queue.addAfter('a', 1);
    jobs[0]?.fail(new Error('no'));
    await settle();
    await clock.advanceAsync(99);
    expect(jobs).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(jobs).toHaveLength(2);
  });

  test('news about a failed key does not wait for the back-off', async () => {
    const { queue, jobs, clock, settle } = aQueue();
    queue.add('a');
    jobs[0]?.fail(new Error('no'));
    await settle();
    queue.add('a');
    expect(jobs).toHaveLength(2);
    expect(clock.waiting()).toEqual([]);
  });

  test('jitter takes at most a quarter off', async () => {
    const { queue, jobs, reports, settle } = aQueue({ random: () => 1 });
    queue.add('a');
    jobs[0]?.fail(new Error('no'));
    await settle();
    expect(reports[0]?.retryIn).toBe(75);
  });
});

describe('draining', () => {
  test('resolves after the runs in flight and starts nothing more', async () => {
    const { queue, clock, jobs, settle } = aQueue({ workers: 1 });
    queue.add('a');
    queue.add('b');
    queue.add('a');
    queue.addAfter('c', 10);
    let drained = 0;
    const both = Promise.all([queue.drain(), queue.drain()]).then(() => (drained += 1));
    queue.add('d');
    await clock.advanceAsync(5000);
    expect(drained).toBe(0);
    jobs[0]?.finish({ again: 5 });
    await both;
    await clock.advanceAsync(5000);
    await settle();
    expect(keysOf(jobs)).toEqual(['a']);
    expect(clock.waiting()).toEqual([]);
    expect(queue.depth()).toBe(0);
  });

  test('an idle queue is drained at once', async () => {
    const { queue } = aQueue();
    await expect(queue.drain()).resolves.toBeUndefined();
  });
});

type Step =
  | { readonly do: 'add'; readonly key: string }
  | { readonly do: 'addAfter'; readonly key: string; readonly delay: number }
  | { readonly do: 'pass'; readonly time: number }
  | { readonly do: 'finish'; readonly again?: number }
  | { readonly do: 'fail' };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key }),
  fc.record({ do: fc.constant('addAfter' as const), key, delay: fc.integer({ min: 0, max: 400 }) }),
  fc.record({ do: fc.constant('pass' as const), time: fc.integer({ min: 0, max: 300 }) }),
  fc.record({ do: fc.constant('finish' as const), again: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ do: fc.constant('finish' as const) }),
  fc.record({ do: fc.constant('fail' as const) }),
);

describe('for any sequence of events', () => {
  const replay = async (
    steps: readonly Step[],
    workers: number,
    check: (state: { open: Job[]; clock: ManualClock; queue: WorkQueue }) => void,
  ): Promise<{ asked: Set<string>; jobs: Job[]; open: Job[]; queue: WorkQueue; clock: ManualClock }> => {
    const { queue, clock, jobs, settle } = aQueue({ workers });
    const closed = new Set<Job>();
    const asked = new Set<string>();
    const open = (): Job[] => jobs.filter((job) => !closed.has(job));
    const close = (end: (job: Job) => void): void => {
      const job = open()[0];
      if (job === undefined) return;
      closed.add(job);
      end(job);
    };
    for (const now of steps) {
      if (now.do === 'add' || now.do === 'addAfter') asked.add(now.key);
      if (now.do === 'add') queue.add(now.key);
      else if (now.do === 'addAfter') queue.addAfter(now.key, now.delay);
      else if (now.do === 'pass') await clock.advanceAsync(now.time);
      else if (now.do === 'fail') close((job) => job.fail(new Error('no')));
      else close((job) => job.finish(now.again === undefined ? {} : { again: now.again }));
      await settle();
      check({ open: open(), clock, queue });
    }
    return { asked, jobs, open: open(), queue, clock };
  };
  const runs = { numRuns: 150 };

  test('no key is in flight twice, no more keys are in flight than there are workers, and no worker idles', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, workers) => {
        await replay(steps, workers, ({ open, queue }) => {
          expect(new Set(keysOf(open)).size).toBe(open.length);
          expect(queue.inFlight()).toBe(open.length);
          expect(open.length).toBeLessThanOrEqual(workers);
          if (open.length < workers) expect(queue.depth()).toBe(0);
        });
      }),
      runs,
    );
  });

  test('there is at most one timer per key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await replay(steps, 1, ({ clock }) => expect(clock.waiting().length).toBeLessThanOrEqual(4));
      }),
      runs,
    );
  });

  test('every key that was asked for is run in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { asked, jobs, clock } = await replay(steps, 1, () => undefined);
        await clock.advanceAsync(1000);
        let done = 0;
        while (done < jobs.length) {
          jobs[done]?.finish();
          done += 1;
          await clock.advanceAsync(1000);
        }
        expect([...asked].filter((wanted) => !keysOf(jobs).includes(wanted))).toEqual([]);
      }),
      runs,
    );
  });

  test('an add is followed by a run that starts at or after it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), key, async (steps, wanted) => {
        const { jobs, clock, queue } = await replay(steps, 1, () => undefined);
        const before = jobs.length;
        queue.add(wanted);
        let done = 0;
        while (done < jobs.length) {
          jobs[done]?.finish();
          done += 1;
          await clock.advanceAsync(1000);
        }
        expect(keysOf(jobs.slice(before))).toContain(wanted);
      }),
      runs,
    );
  });
});

describe('D2: a run that asks to be run again at once', () => {
  test('is, a few times; then it waits longer and longer until somebody tells of something new', async () => {
    const times: number[] = [];
    const clock = manualClock(0);
    const queue = workQueue({
      clock,
      workers: 1,
      run: () => {
        times.push(clock.now());
        return Promise.resolve({ again: 0 });
      },
      backoff: { base: 100, cap: 1000 },
    });
    queue.add('a');
    await clock.advanceAsync(10_000);
    const inEachSecond = Map.groupBy(times, (at) => Math.floor(at / 1000));
    expect(Math.max(...[...inEachSecond.values()].map((runs) => runs.length))).toBeLessThan(15);
    expect(times.length).toBeLessThan(25);
    const before = times.length;
    queue.add('a');
    await clock.advanceAsync(0);
    expect(times.length - before).toBeGreaterThan(5);
    await queue.drain();
  });
});
