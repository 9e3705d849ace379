/**
 * A small cache of recent results. Uses slots that are overwritten in turn instead of a Map: with keys that come and go
 * constantly, a Map's outgrown tables keep their old content alive, and garbage collection slows down answers.
 */
export class Recent<T> {
  readonly #slots: { readonly key: string; readonly value: T }[] = [];
  readonly #most: number;
  #next = 0;

  /** `most`: how many results to keep. A few dozen at most, since lookups are linear. */
  constructor(most: number) {
    this.#most = most;
  }

  recall(key: string): T | undefined {
    return this.#slots.find((slot) => slot.key === key)?.value;
  }

  /** Replaces the value of the same key, or else the oldest one. */
  keep(key: string, value: T): void {
    const same = this.#slots.findIndex((slot) => slot.key === key);
    const at = same < 0 ? this.#next : same;
    this.#slots[at] = { key, value };
    if (same < 0) this.#next = (this.#next + 1) % this.#most;
  }
}
