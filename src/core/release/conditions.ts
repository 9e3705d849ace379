/** kstatus-compatible conditions: Ready when it succeeded, Stalled when it needs a person, Reconciling while it moves. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import { isFinal } from './state.ts';

type Conditions = NonNullable<ReleaseStatus['conditions']>;

/** The conditions of a status. A condition whose status has not changed keeps its lastTransitionTime. */
export const conditionsFor = (status: ReleaseStatus, now: Instant, generation: number): Conditions => {
  const over = isFinal(status.phase);
  const wanted = [
    // Ready even if nothing was judged: the template is in production, and nothing is left to wait for.
    ['Ready', ['Succeeded', 'Skipped', 'Bypassed'].includes(status.phase)],
    ['Reconciling', !over],
    ['Stalled', status.phase === 'Failed'],
  ] as const;
  return wanted.map(([type, is]) => {
    const value = is ? ('True' as const) : ('False' as const);
    const before = status.conditions?.find((c) => c.type === type);
    return {
      type,
      status: value,
      reason: status.ending?.reason ?? status.phase,
      message: status.message ?? '',
      lastTransitionTime: before?.status === value ? before.lastTransitionTime : toRfc3339(now),
      observedGeneration: generation,
    };
  });
};
