/** Follows a file that is replaced at run time, such as a mounted ConfigMap. */
import { readFile } from 'node:fs/promises';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

export type FollowedFile = {
  /** Its initial content. */
  readonly text: string;
  stop(): void;
};

/** About as often as kubelet refreshes mounted objects. */
const every: Milliseconds = 60_000;

/** Reads the file now (rejects if that fails) and then periodically. Calls `failed` if a later read fails. */
export const followFile = async (
  path: string,
  clock: Clock,
  on: { readonly changed: (text: string) => void; readonly failed: (error: unknown) => void },
): Promise<FollowedFile> => {
  const text = await readFile(path, 'utf8');
  let last = text;
  let cancel = (): void => undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      const found = await readFile(path, 'utf8');
      if (found !== last && !stopped) on.changed(found);
      last = found;
    } catch (error) {
      on.failed(error);
    }
    plan();
  };
  const plan = (): void => {
    if (!stopped) cancel = clock.after(every, () => void look());
  };
  plan();
  return {
    text,
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
