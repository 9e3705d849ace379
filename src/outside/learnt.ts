/** What earlier answers taught about a check of a workload. Lost with the process: then it is learnt again. */
import { defaultLookBack } from '../core/questions/look-back.ts';
import type { Question } from '../core/questions/question.ts';
import type { Milliseconds } from '../values/time.ts';

export type Lesson = {
  /** How far before a window points have to be read. */
  readonly lookBack: Milliseconds;
  /** How long an answer is, per millisecond of the range that is read. */
  readonly bytesPerMs: number;
  /** The way in which the source has the series. */
  readonly way: number;
};

/** Of an answer nobody has seen yet: a few pods with a counter each, over a few minutes. */
const unknown: Lesson = { lookBack: defaultLookBack, bytesPerMs: 32_768 / 210_000, way: 0 };
/** An answer that was empty may have something in it the next time. */
const leastBytesPerMs = unknown.bytesPerMs / 8;

const most = 10_000;

const keyOf = ({ source, arms, check, telemetry }: Question): string =>
  JSON.stringify([source.address, arms.namespace, arms.workload, check.name, telemetry]);

export class Lessons {
  /** In the order they were learnt, the latest last. */
  readonly #known = new Map<string, Lesson>();

  of(question: Question): Lesson {
    return this.#known.get(keyOf(question)) ?? unknown;
  }

  learn(question: Question, { bytesPerMs, ...lesson }: Lesson): void {
    const key = keyOf(question);
    this.#known.delete(key);
    this.#known.set(key, { ...lesson, bytesPerMs: Math.max(leastBytesPerMs, bytesPerMs) });
    if (this.#known.size <= most) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
