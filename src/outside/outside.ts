/** Queries metric sources in the background, for all releases together. */
import { answerOf, type Measured } from '../core/questions/answer.ts';
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
  /** Resolves a reference to its source, always to the same object; undefined if there is none. */
  readonly open: (ref: SourceRef) => MetricSource | undefined;
  readonly forms: SourceForms;
  /** Returns a number between 0 and 1, like Math.random. */
  readonly random: () => number;
  readonly limits?: Partial<AskingLimits>;
};

const noSource: Answer = {
  kind: 'unanswered',
  because:
    'no Prometheus is known; start Sluice with --prometheus, or name one in the policy that --allowed-addresses lists',
};

type Wanted = { answer: Answer | 'pending'; withdraw: () => void };

/** A question in progress. */
type Trying = {
  readonly question: Question;
  readonly lane: Lane;
  readonly wanted: Wanted;
  readonly tell: (answer: Answer) => void;
};
type AskedIn = Pick<Trying, 'question' | 'tell'> & { readonly way: number };

/**
 * Adds the queries of all label schemes that were tried, so that a person can repeat them; the description is that of the
 * usual scheme.
 */
const withAllQueries = (answer: Measured, all: readonly Measured[]): Measured => ({
  ...answer,
  ...(answer.canary.length + answer.stable.length === 0 ? all[0] : {}),
  queries: all.flatMap(({ queries }) => queries),
});

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
    const tell = (answer: Answer): void => {
      wanted.answer = answer;
      wanted.withdraw = nothing;
      this.#tell(key);
    };
    const { way } = this.#lessons.of(question);
    const ways = this.#options.forms[question.source.kind].ways(question);
    const order = [way, ...Array.from({ length: ways }, (_, other) => other).filter((other) => other !== way)];
    this.#try({ question, lane: this.#laneOf(source), wanted, tell }, order, []);
    return wanted;
  }

  /** Queries by the first of these label schemes, and by the next if the result has no series. */
  #try(trying: Trying, [way = 0, ...others]: readonly number[], before: readonly Measured[]): void {
    const { question, lane, wanted, tell } = trying;
    const answered = (answer: Measured): void => {
      const all = [...before, answer];
      if (answer.canary.length + answer.stable.length === 0 && others.length > 0) this.#try(trying, others, all);
      else tell(withAllQueries(answer, all));
    };
    wanted.withdraw = lane.add(this.#asking({ question, way, tell }, answered));
  }

  #asking({ question, way, tell }: AskedIn, answered: (answer: Measured) => void): Asking {
    const { lookBack, bytesPerMs } = this.#lessons.of(question);
    const { from, to } = question.window;
    const compiled = this.#options.forms[question.source.kind].compile(question, from - lookBack, way);
    return {
      ask: compiled.ask,
      bytes: bytesPerMs * rangeOf(compiled.ask),
      due: to,
      answered: (share) => answered(this.#read({ question, way }, compiled, share)),
      failed: (because) => tell({ kind: 'unanswered', because }),
    };
  }

  #read({ question, way }: Pick<AskedIn, 'question' | 'way'>, compiled: Compiled, share: Fetched): Measured {
    const answer = answerOf(question, compiled, share);
    const { ask } = compiled;
    const isFound = answer.canary.length + answer.stable.length > 0;
    if (ask.shape === 'samples')
      this.#lessons.learn(question, {
        lookBack: lookBackAfter(answer),
        bytesPerMs: share.bytes / rangeOf(ask),
        way: isFound ? way : this.#lessons.of(question).way,
      });
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

/** An Outside that queries metric sources in the background, with merged requests and limits per source. */
export const metricOutside = (options: OutsideOptions): Outside => new MetricOutside(options);
