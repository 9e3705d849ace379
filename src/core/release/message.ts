/** The one sentence that tells users where a release is. Made from the other fields; no code reads it. */
import type { ReleaseStatus, WaitingReason } from '../../schema/release.ts';
import { shareText, trafficText } from './share.ts';
import { isFinal } from './state.ts';

export const messageOf = (status: ReleaseStatus, workload: string): string => {
  const { lastWriteError, waiting, ending } = status;
  if (isFinal(status.phase)) return ending?.message ?? status.message ?? status.phase;
  if (lastWriteError !== undefined) return `refused by the API server, and tried again: ${lastWriteError.message}`;
  if (waiting !== undefined) return `${waiting.message}${meanwhile(status)}`;
  // A release counts as promoted only when no route carries its split any more.
  if (ending?.outcome === 'Succeeded') return givingBack(workload);
  return ending?.message ?? doing(status, workload);
};

const givingBack = (workload: string): string =>
  `every pod of ${workload} runs the new template; routes are given back, then the canary goes`;

/** Reasons whose sentences already begin with the present share. */
const saysWhere: ReadonlySet<WaitingReason | undefined> = new Set<WaitingReason>([
  'ChecksInconclusive',
  'SplitNotSeen',
]);

/** Without a mesh, the ready canary pods already serve while the release waits for the others. */
const meanwhile = ({ canaryShortSince, waiting, share }: ReleaseStatus): string =>
  canaryShortSince === undefined || share?.of !== 'pods' || share.canary === 0 || saysWhere.has(waiting?.reason)
    ? ''
    : `; meanwhile ${shareText(share)} of the traffic for the canary`;

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
