/** The one sentence that says where a release is: made from the other fields, and never read by anybody but people. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { trafficText } from './share.ts';
import { isFinal } from './state.ts';

export const messageOf = (status: ReleaseStatus, workload: string): string => {
  const { lastWriteError, waiting, ending } = status;
  if (isFinal(status.phase)) return ending?.message ?? status.message ?? status.phase;
  if (lastWriteError !== undefined) return `refused by the API server, and tried again: ${lastWriteError.message}`;
  return waiting?.message ?? ending?.message ?? doing(status, workload);
};

const doing = (status: ReleaseStatus, workload: string): string => {
  switch (status.phase) {
    case 'Pending':
      return 'accepted';
    case 'Preparing':
      return 'starting the canary';
    case 'Waiting':
      return `all steps passed; waiting for approval: kubectl sluice promote ${workload}`;
    case 'Promoting':
      return 'promoting: the workload rolls to the new template';
    default:
      return trafficText(status);
  }
};
