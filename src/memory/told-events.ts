/** What a watch has still to tell: soon after it has happened, or when a test says so. */
import type { ServerEvent } from './memory-server.ts';

export class ToldEvents {
  readonly #tell: (event: ServerEvent) => void;
  #untold: ServerEvent[] = [];
  #held = false;
  #telling = false;

  constructor(tell: (event: ServerEvent) => void) {
    this.#tell = tell;
  }

  add(event: ServerEvent): void {
    this.#untold.push(event);
    this.#tellSoon();
  }

  hold(): void {
    this.#held = true;
  }

  /** Returns how many are left. */
  deliver(count = Number.POSITIVE_INFINITY): number {
    for (let told = 0; told < count; told += 1) {
      const event = this.#untold.shift();
      if (event === undefined) break;
      this.#tell(event);
    }
    return this.#untold.length;
  }

  flow(): void {
    this.#held = false;
    this.#tellSoon();
  }

  clear(): void {
    this.#untold = [];
  }

  #tellSoon(): void {
    if (this.#held || this.#telling || this.#untold.length === 0) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      if (!this.#held) this.deliver();
    });
  }
}
