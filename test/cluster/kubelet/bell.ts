/** Lets any number of waiters go on when something has happened. A ring that nobody waits for is not kept. */
export class Bell {
  #next = Promise.withResolvers<undefined>();

  ring(): void {
    this.#next.resolve(undefined);
    this.#next = Promise.withResolvers<undefined>();
  }

  /** Resolves at the next ring or when `signal` fires. */
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
