/** Asks metric sources in the background, for everybody at once. */
import { answerOf } from '../core/questions/answer.ts';
import { lookBackAfter } from '../core/questions/look-back.ts';
import type { Answer, Answers, Question, QuestionId, SourceRef } from '../core/questions/question.ts';
import { rangeOf } from '../core/questions/merge.ts';
import type { Compiled, Fetched, SourceForms } from '../core/questions/source-form.ts';
import type { Clock } from '../ports/clock.ts';
import type { MetricSource } from '../ports/metrics.ts';
import type { Outside } from '../ports/outside.ts';
import { Lane, type Asking } from './lane.ts';
import { Lessons } from './learnt.ts';
import { askingLimits, type AskingLimits } from './limits.ts';

export type OutsideOptions = {
  readonly clock: Clock;
  /** The source that is meant, the same object every time; undefined where there is none. */
  readonly open: (ref: SourceRef) => MetricSource | undefined;
  readonly forms: SourceForms;
  /** Between 0 and 1, as Math.random gives it. */
  readonly random: () => number;
  readonly limits?: Partial<AskingLimits>;
};

const noSource: Answer = {
  kind: 'unanswered',
  because:
    'no Prometheus is known; start Sluice with --prometheus, or name one in the policy that --allowed-addresses lists',
};

type Wanted = { answer: Answer | 'pending'; withdraw: () => void };

const nothing = (): void => undefined;

class MetricOutside implements Outside {
  readonly #options: OutsideOptions;
  readonly #wanted = new Map<string, ReadonlyMap<QuestionId, Wanted>>();
  readonly #lanes = new WeakMap<MetricSource, Lane>();
  readonly #lessons = new Lessons();
  readonly #listeners: ((key: string) => void)[] = [];
  #stopped = false;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  want(key: string, questions: readonly Question[]): void {
    if (this.#stopped) return;
    const before = this.#wanted.get(key);
    const now = new Map(
      questions.map((question) => [question.id, before?.get(question.id) ?? this.#ask(key, question)]),
    );
    for (const [id, { withdraw }] of before ?? []) if (!now.has(id)) withdraw();
    if (now.size === 0) this.#wanted.delete(key);
    else this.#wanted.set(key, now);
  }

  answers(key: string): Answers {
    return new Map([...(this.#wanted.get(key) ?? [])].map(([id, { answer }]) => [id, answer]));
  }

  onAnswer(listener: (key: string) => void): void {
    this.#listeners.push(listener);
  }

  stop(): void {
    this.#stopped = true;
    for (const questions of this.#wanted.values()) for (const { withdraw } of questions.values()) withdraw();
    this.#wanted.clear();
  }

  #ask(key: string, question: Question): Wanted {
    const source = this.#options.open(question.source);
    if (source === undefined)
      return { answer: noSource, withdraw: this.#options.clock.after(0, () => this.#tell(key)) };
    const wanted: Wanted = { answer: 'pending', withdraw: nothing };
    wanted.withdraw = this.#laneOf(source).add(
      this.#asking(question, (answer) => {
        wanted.answer = answer;
        wanted.withdraw = nothing;
        this.#tell(key);
      }),
    );
    return wanted;
  }

  #asking(question: Question, tell: (answer: Answer) => void): Asking {
    const { lookBack, bytesPerMs } = this.#lessons.of(question);
    const { from, to } = question.window;
    const compiled = this.#options.forms[question.source.kind].compile(question, from - lookBack);
    return {
      ask: compiled.ask,
      bytes: bytesPerMs * rangeOf(compiled.ask),
      due: to,
      answered: (share) => tell(this.#read(question, compiled, share)),
      failed: (because) => tell({ kind: 'unanswered', because }),
    };
  }

  #read(question: Question, compiled: Compiled, share: Fetched): Answer {
    const answer = answerOf(question, compiled, share);
    const { ask } = compiled;
    if (ask.shape === 'samples')
      this.#lessons.learn(question, { lookBack: lookBackAfter(answer), bytesPerMs: share.bytes / rangeOf(ask) });
    return answer;
  }

  #laneOf(source: MetricSource): Lane {
    const { clock, random, limits } = this.#options;
    const known = this.#lanes.get(source);
    if (known !== undefined) return known;
    const made = new Lane({ source, clock, random, limits: { ...askingLimits, ...limits } });
    this.#lanes.set(source, made);
    return made;
  }

  #tell(key: string): void {
    for (const listener of this.#listeners) listener(key);
  }
}

/** Asks metric sources in the background: gathered, merged, bounded per source. */
export const metricOutside = (options: OutsideOptions): Outside => new MetricOutside(options);
