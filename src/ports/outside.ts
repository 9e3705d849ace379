/** Asks the outside world in the background. Nothing here blocks or throws; an answer wakes whoever wanted it. */
import type { Answers, Question } from '../core/questions/question.ts';

export interface Outside {
  /**
   * What `key` wants to know from now on, in place of what it wanted before. A question that is wanted already goes on, an
   * answer that is still wanted is kept, everything else of that key is forgotten and its asking is given up. A question
   * whose window is not over yet waits for its end: wanted early, it needs no reconcile when the time comes, and it shares
   * its query with all the others that end then.
   */
  want(key: string, questions: readonly Question[]): void;
  /** Answers to what `key` wants. */
  answers(key: string): Answers;
  /** Called with the key when one of its questions has been answered. */
  onAnswer(listener: (key: string) => void): void;
  /** Gives everything up. */
  stop(): void;
}
