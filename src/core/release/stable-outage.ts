/** Whether stable has anybody to answer the callers of the apex. */
import type { Facts } from './facts.ts';

export type Outage = {
  /** Its pods may be well, and are led past: that does not mend itself. */
  readonly cutOff: boolean;
  /** A sentence fragment. */
  readonly because: string;
};

/** The roll is over: the pods are those of the released template, and what led past the earlier ones leads to them. */
const isReplaced = ({ workload, release }: Facts): boolean =>
  !workload.paused && workload.complete && workload.templateHash === release.spec.templateHash;

/** Undefined where stable answers, where it is off, and where nobody can tell. */
export const outageOf = (facts: Facts): Outage | undefined => {
  const { stable, workload, service } = facts;
  if (stable === undefined || workload.replicas === 0) return undefined;
  if (stable.cutOff !== undefined && !isReplaced(facts))
    return { cutOff: true, because: `stable is cut off: ${stable.cutOff}` };
  if (stable.ready > 0) return undefined;
  const where = service === undefined ? '' : ` behind Service ${service}`;
  return { cutOff: false, because: `stable has 0 of ${workload.replicas} ready pods${where}` };
};
