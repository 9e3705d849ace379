/** Selects the ended Releases of a workload that are to be deleted. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { isFinal } from './state.ts';

export type Prunable = {
  readonly name: string;
  readonly status: ReleaseStatus | undefined;
  /** Whether the workload or a user still refers to it. */
  readonly needed: boolean;
};

/**
 * The oldest ended Releases beyond `limit`. `releases`: all of one workload, oldest first. Releases that are still needed
 * are kept, and count towards the limit.
 */
export const prunedOf = <T extends Prunable>(releases: readonly T[], limit: number): readonly T[] => {
  const ended = releases.filter(({ status }) => status !== undefined && isFinal(status.phase));
  return ended.slice(0, Math.max(0, ended.length - limit)).filter(({ needed }) => !needed);
};
