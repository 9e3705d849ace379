/** A file that is replaced while the program runs, as a mounted ConfigMap is. */
import { readFile } from 'node:fs/promises';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

export type FollowedFile = {
  /** What it says at first. */
  readonly text: string;
  stop(): void;
};

/** About as often as kubelet looks whether a mounted object has changed. */
const every: Milliseconds = 60_000;

/** Reads it now (rejects when that fails), and again from time to time. `failed` is told when it cannot be read later on. */
export const followFile = async (
  path: string,
  clock: Clock,
  told: { readonly changed: (text: string) => void; readonly failed: (error: unknown) => void },
): Promise<FollowedFile> => {
  const text = await readFile(path, 'utf8');
  let last = text;
  let cancel = (): void => undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      const found = await readFile(path, 'utf8');
      if (found !== last && !stopped) told.changed(found);
      last = found;
    } catch (error) {
      told.failed(error);
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
