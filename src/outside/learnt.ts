/** What earlier answers taught about a check of a workload. Kept in memory only, and learnt again after a restart. */
import { defaultLookBack } from '../core/questions/look-back.ts';
import type { Question } from '../core/questions/question.ts';
import type { Milliseconds } from '../values/time.ts';

export type Lesson = {
  /** How far before a window raw points must be read. */
  readonly lookBack: Milliseconds;
  /** Length of an answer per millisecond of the time range. */
  readonly bytesPerMs: number;
  /** The label scheme under which the source has the series. */
  readonly way: number;
};

/** The assumption before the first answer: a few pods with a counter each, over a few minutes. */
const unknown: Lesson = { lookBack: defaultLookBack, bytesPerMs: 32_768 / 210_000, way: 0 };
/** An empty answer may have content next time. */
const leastBytesPerMs = unknown.bytesPerMs / 8;

const most = 10_000;

const keyOf = ({ source, arms, check, telemetry }: Question): string =>
  JSON.stringify([source.address, arms.namespace, arms.workload, check.name, telemetry]);

export class Lessons {
  /** In the order of learning, the latest last. */
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
