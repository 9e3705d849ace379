/** Whether stable has pods that can answer the callers of the apex. */
import type { Facts } from './facts.ts';

export type Outage = {
  /** Whether the apex does not reach stable's pods, ready or not. That does not recover by itself. */
  readonly cutOff: boolean;
  /** A sentence fragment. */
  readonly because: string;
};

/** Whether the roll is over: all pods have the released template, so the apex reaches them. */
const isReplaced = ({ workload, release }: Facts): boolean =>
  !workload.paused && workload.complete && workload.templateHash === release.spec.templateHash;

/** Undefined if stable answers, is scaled to 0, or is unknown. */
export const outageOf = (facts: Facts): Outage | undefined => {
  const { stable, workload, service } = facts;
  if (stable === undefined || workload.replicas === 0) return undefined;
  if (stable.cutOff !== undefined && !isReplaced(facts))
    return { cutOff: true, because: `stable is cut off: ${stable.cutOff}` };
  if (stable.ready > 0) return undefined;
  const where = service === undefined ? '' : ` behind Service ${service}`;
  return { cutOff: false, because: `stable has 0 of ${workload.replicas} ready pods${where}` };
};
