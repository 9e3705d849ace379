/** Reports the progress of long builds and starts. */
export type Progress = { begin(what: string, aboutSeconds?: number): Step };
export type Step = { done(): void; fail(): void };

type Output = { readonly isTTY?: boolean; write(text: string): unknown };

export const silentProgress: Progress = { begin: () => ({ done: () => undefined, fail: () => undefined }) };

/** "about 4 min", "about 40 s". */
export const about = (seconds: number): string =>
  seconds >= 90 ? `about ${Math.round(seconds / 60)} min` : `about ${seconds} s`;

const elapsed = (since: number, now: number): string => {
  const seconds = (now - since) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
};

const headline = (what: string, aboutSeconds: number | undefined): string =>
  aboutSeconds === undefined ? what : `${what} (${about(aboutSeconds)})`;

/** For logs: one plain line when a step starts and one when it ends. */
export const plainProgress = (out: Output, now: () => number = Date.now): Progress => ({
  begin: (what, aboutSeconds) => {
    const since = now();
    out.write(`${headline(what, aboutSeconds)} …\n`);
    return {
      done: () => out.write(`${what}: done, ${elapsed(since, now())}\n`),
      fail: () => out.write(`${what}: FAILED after ${elapsed(since, now())}\n`),
    };
  },
});

/** One line per step that counts up while the step runs. Running steps stay below the finished ones. */
export const liveProgress = (out: Output, now: () => number = Date.now): Progress => {
  const running = new Map<object, string>();
  const since = new Map<object, number>();
  let drawn = 0;
  const redraw = (finished?: string): void => {
    const lines = [...running].map(([step, what]) => `  ${what} … ${elapsed(since.get(step) ?? 0, now())}`);
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    const text = [...(finished === undefined ? [] : [finished]), ...lines].map((line) => `${line}\u001b[K\n`).join('');
    out.write(`${up}\r\u001b[J${text}`);
    drawn = lines.length;
  };
  let timer: NodeJS.Timeout | undefined;
  const end = (step: object, mark: string, what: string): void => {
    running.delete(step);
    if (running.size === 0) clearInterval(timer);
    redraw(`${mark} ${what} ${elapsed(since.get(step) ?? 0, now())}`);
  };
  return {
    begin: (what, aboutSeconds) => {
      const step = {};
      if (running.size === 0) timer = setInterval(() => redraw(), 500).unref();
      running.set(step, headline(what, aboutSeconds));
      since.set(step, now());
      redraw();
      return { done: () => end(step, '✓', what), fail: () => end(step, '✗', what) };
    },
  };
};

/** Live lines on a terminal, plain ones otherwise. */
export const progressOn = (out: Output): Progress => (out.isTTY ? liveProgress(out) : plainProgress(out));
