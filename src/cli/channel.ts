/** Turns calls into an async sequence. Values come out in order, however slowly they are read. */
export type Channel<T> = {
  readonly push: (value: T) => void;
  readonly end: () => void;
  /** The sequence throws this error after all values pushed before. */
  readonly fail: (error: unknown) => void;
  /** May be iterated once. */
  readonly values: AsyncIterable<T>;
};

export const channel = <T>(): Channel<T> => {
  const waiting: T[] = [];
  let ended: (() => void) | undefined;
  let wake = (): void => undefined;
  const close = (how: () => void): void => {
    ended ??= how;
    wake();
  };
  async function* values(): AsyncGenerator<T> {
    for (;;) {
      const next = waiting.splice(0);
      yield* next;
      if (next.length > 0) continue;
      if (ended !== undefined) {
        ended();
        return;
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    push: (value) => {
      waiting.push(value);
      wake();
    },
    end: () => close(() => undefined),
    fail: (error) =>
      close(() => {
        throw error;
      }),
    values: values(),
  };
};
