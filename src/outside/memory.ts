/** An Outside whose answers are scripted: for tests, simulation and dry runs. */
import type { Answer, Answers, Question, QuestionId } from '../core/questions/question.ts';
import type { Clock } from '../ports/clock.ts';
import type { Outside } from '../ports/outside.ts';

/** Undefined means no answer yet. */
export type Reply = (question: Question) => Answer | undefined;

export type MemoryOutside = Outside & {
  /** Questions without an answer. */
  unanswered(): readonly Question[];
  /** Sets how questions are answered, including pending ones. Before the first call nothing is answered. */
  reply(to: Reply): void;
};

type Wanted = { readonly question: Question; answer: Answer | 'pending'; asked: boolean; readonly cancel: () => void };

class Memory implements MemoryOutside {
  readonly #clock: Clock;
  readonly #wanted = new Map<string, ReadonlyMap<QuestionId, Wanted>>();
  readonly #listeners: ((key: string) => void)[] = [];
  #reply: Reply = () => undefined;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  want(key: string, questions: readonly Question[]): void {
    if (this.#stopped) return;
    const before = this.#wanted.get(key);
    const now = new Map(questions.map((one) => [one.id, before?.get(one.id) ?? this.#begin(key, one)]));
    for (const [id, { cancel }] of before ?? []) if (!now.has(id)) cancel();
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
    for (const questions of this.#wanted.values()) for (const { cancel } of questions.values()) cancel();
    this.#wanted.clear();
  }

  unanswered(): readonly Question[] {
    return [...this.#wanted.values()]
      .flatMap((questions) => [...questions.values()])
      .filter(({ asked, answer }) => asked && answer === 'pending')
      .map(({ question }) => question);
  }

  reply(to: Reply): void {
    this.#reply = to;
    for (const [key, questions] of [...this.#wanted])
      for (const one of questions.values()) if (one.asked && one.answer === 'pending') this.#put(key, one);
  }

  #begin(key: string, question: Question): Wanted {
    const wait = Math.max(0, question.window.to - this.#clock.now());
    const cancel = this.#clock.after(wait, () => {
      wanted.asked = true;
      this.#put(key, wanted);
    });
    const wanted: Wanted = { question, answer: 'pending', asked: false, cancel };
    return wanted;
  }

  #put(key: string, wanted: Wanted): void {
    const answer = this.#reply(wanted.question);
    if (answer === undefined) return;
    wanted.answer = answer;
    for (const listener of this.#listeners) listener(key);
  }
}

export const memoryOutside = (clock: Clock): MemoryOutside => new Memory(clock);
