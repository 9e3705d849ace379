/** What was worked out before, by a text that names it: what has not been asked for longest is forgotten first. */
export class BoundedMemory<T> {
  readonly #known = new Map<string, { readonly value: T; readonly size: number }>();
  readonly #most: number;
  #held = 0;

  /** `most`: sum of the sizes that are kept, in any unit. */
  constructor(most: number) {
    this.#most = most;
  }

  recall(key: string): T | undefined {
    const found = this.#known.get(key);
    if (found === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, found);
    return found.value;
  }

  /** Takes the place of what has the same key. What is larger than all there is room for is not kept. */
  keep(key: string, value: T, size: number): void {
    this.#forget(key);
    if (size > this.#most) return;
    this.#known.set(key, { value, size });
    this.#held += size;
    for (const oldest of this.#known.keys()) {
      if (this.#held <= this.#most) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#held -= this.#known.get(key)?.size ?? 0;
    this.#known.delete(key);
  }
}
