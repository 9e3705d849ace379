/** What happened to an object, told on the object itself: Kubernetes events. Best effort by nature; the truth is in the Release. */
import type { ObjectRef } from '../values/kube-object.ts';
import type { Instant } from '../values/time.ts';

export type JournalSubject = { readonly ref: ObjectRef; readonly uid: string };

export type JournalEntry = {
  readonly regarding: JournalSubject;
  /** A second object the entry is about. */
  readonly related?: JournalSubject;
  readonly type: 'Normal' | 'Warning';
  /** Why, one CamelCase word: `CheckFailed`. */
  readonly reason: string;
  /** What was done about it, one CamelCase word: `Rollback`. */
  readonly action: string;
  /** For a person. Longer than 1,024 bytes is cut. */
  readonly note: string;
  /** Names what happened, unique among all there is: telling it again, by whoever, leaves one. Lower-case letters and digits. */
  readonly id?: string;
  /** When it happened, where that is not now. */
  readonly at?: Instant;
};

export interface Journal {
  /** Returns at once, never throws and never fails what it is about. Repetitions may be counted instead of told. */
  record(entry: JournalEntry): void;
}

/** Keeps everything it is told, in order. */
export interface MemoryJournal extends Journal {
  readonly entries: readonly JournalEntry[];
}

export const memoryJournal = (): MemoryJournal => {
  const entries: JournalEntry[] = [];
  return { entries, record: (entry) => void entries.push(entry) };
};
