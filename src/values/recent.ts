/**
 * The last few things that were worked out, each by a text that names it. Slots that are written over in turn, not a Map:
 * where keys come and go all the time, the tables a Map leaves behind keep alive what they held, and the collector, in
 * the middle of an answer, has to carry all of it along.
 */
export class Recent<T> {
  readonly #slots: { readonly key: string; readonly value: T }[] = [];
  readonly #most: number;
  #next = 0;

  /** `most`: how many are kept. A few dozen: all of them are looked through. */
  constructor(most: number) {
    this.#most = most;
  }

  recall(key: string): T | undefined {
    return this.#slots.find((slot) => slot.key === key)?.value;
  }

  /** Takes the place of what has the same key, or else of what was kept longest ago. */
  keep(key: string, value: T): void {
    const same = this.#slots.findIndex((slot) => slot.key === key);
    const at = same < 0 ? this.#next : same;
    this.#slots[at] = { key, value };
    if (same < 0) this.#next = (this.#next + 1) % this.#most;
  }
}
