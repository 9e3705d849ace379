/** Shows a write that the API server refuses in the status of the release, until the write succeeds. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { messageOf } from './message.ts';
import { withStatus } from './state.ts';

/** The status that users see while the write is refused. No decision depends on the error. */
export const withWriteError = (status: ReleaseStatus, message: string, workload: string): ReleaseStatus => {
  const refused = withStatus(status, { lastWriteError: { message } });
  return { ...refused, message: messageOf(refused, workload) };
};

/** The status as the engine returned it, without the write error. */
export const withoutWriteError = (status: ReleaseStatus, workload: string): ReleaseStatus => {
  if (status.lastWriteError === undefined) return status;
  const left = withStatus(status, { lastWriteError: undefined });
  return { ...left, message: messageOf(left, workload) };
};
