/** A write that the API server refuses is shown where the release is read, and forgotten once it goes through. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { messageOf } from './message.ts';
import { withStatus } from './state.ts';

/** The status as people see it while the write is refused. Nothing is decided by it. */
export const withWriteError = (status: ReleaseStatus, message: string, workload: string): ReleaseStatus => {
  const refused = withStatus(status, { lastWriteError: { message } });
  return { ...refused, message: messageOf(refused, workload) };
};

/** The status as the engine left it. */
export const withoutWriteError = (status: ReleaseStatus, workload: string): ReleaseStatus => {
  if (status.lastWriteError === undefined) return status;
  const left = withStatus(status, { lastWriteError: undefined });
  return { ...left, message: messageOf(left, workload) };
};
