/** The pending events of a watch, delivered soon after the change or when a test says so. */
import type { ServerEvent } from './memory-server.ts';

export class ToldEvents {
  readonly #tell: (event: ServerEvent) => void;
  #untold: ServerEvent[] = [];
  /** How many of them have been told by now: taking each out of the list would move all that are behind it. */
  #told = 0;
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
    for (let left = count; left > 0; left -= 1) {
      const event = this.#next();
      if (event === undefined) break;
      this.#tell(event);
    }
    return this.#untold.length - this.#told;
  }

  flow(): void {
    this.#held = false;
    this.#tellSoon();
  }

  clear(): void {
    this.#untold = [];
    this.#told = 0;
  }

  #next(): ServerEvent | undefined {
    const event = this.#untold[this.#told];
    this.#told += 1;
    if (this.#told >= this.#untold.length) this.clear();
    return event;
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
