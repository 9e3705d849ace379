/** Wakes all current waiters. A ring without waiters has no effect. */
export class Bell {
  #next = Promise.withResolvers<undefined>();

  ring(): void {
    this.#next.resolve(undefined);
    this.#next = Promise.withResolvers<undefined>();
  }

  /** Resolves at the next ring or when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const rung: Promise<void> = this.#next.promise;
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      void rung.then(done);
    });
  }
}
