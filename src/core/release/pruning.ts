/** Which ended Releases of a workload are no longer kept. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { isFinal } from './state.ts';

export type Prunable = {
  readonly name: string;
  readonly status: ReleaseStatus | undefined;
  /** The workload, or a person, still refers to it. */
  readonly needed: boolean;
};

/**
 * The oldest ended ones beyond `limit`. `releases`: all of one workload, oldest first. Those that are needed are kept, and
 * count.
 */
export const prunedOf = <T extends Prunable>(releases: readonly T[], limit: number): readonly T[] => {
  const ended = releases.filter(({ status }) => status !== undefined && isFinal(status.phase));
  return ended.slice(0, Math.max(0, ended.length - limit)).filter(({ needed }) => !needed);
};
