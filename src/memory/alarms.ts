/** Wakes keys at set times. Keys with the same time share one timer and are processed together. */
import type { Instant } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

type Due = { readonly keys: Set<string>; readonly cancel: () => void };

export class Alarms {
  readonly #clock: Clock;
  readonly #ring: (keys: readonly string[]) => void;
  readonly #dues = new Map<Instant, Due>();
  readonly #set = new Map<string, Instant>();

  constructor(clock: Clock, ring: (keys: readonly string[]) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Replaces the key's earlier alarm; undefined cancels it. */
  set(key: string, at: Instant | undefined): void {
    const known = this.#set.get(key);
    if (known === at) return;
    if (known !== undefined) this.#take(key, known);
    if (at === undefined) return;
    this.#set.set(key, at);
    const due = this.#dues.get(at) ?? this.#begin(at);
    due.keys.add(key);
  }

  #begin(at: Instant): Due {
    const due = { keys: new Set<string>(), cancel: this.#clock.after(at - this.#clock.now(), () => this.#end(at)) };
    this.#dues.set(at, due);
    return due;
  }

  #end(at: Instant): void {
    const keys = [...(this.#dues.get(at)?.keys ?? [])];
    this.#dues.delete(at);
    for (const key of keys) this.#set.delete(key);
    this.#ring(keys);
  }

  #take(key: string, at: Instant): void {
    this.#set.delete(key);
    const due = this.#dues.get(at);
    due?.keys.delete(key);
    if (due?.keys.size !== 0) return;
    due.cancel();
    this.#dues.delete(at);
  }
}
