/** A write that the API server refuses is told where the release is read, and forgotten once it goes through. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { withStatus } from './state.ts';

/** The status as people see it while the write is refused. */
export const withRefusal = (status: ReleaseStatus, words: string): ReleaseStatus => {
  const { message } = withoutRefusal(status);
  return withStatus(status, {
    message: `refused by the API server, and tried again: ${words}`,
    refused: { words, ...(message === undefined ? {} : { instead: message }) },
  });
};

/** The status as the release engine left it: nothing is decided by a refusal. */
export const withoutRefusal = (status: ReleaseStatus): ReleaseStatus =>
  status.refused === undefined ? status : withStatus(status, { message: status.refused.instead, refused: undefined });
