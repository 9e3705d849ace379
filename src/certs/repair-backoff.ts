/** Delays repairs: the first few are immediate, then they slow down, in case somebody keeps undoing them. */
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

export type RepairBackoff = {
  /** Records a repair. */
  repaired(): void;
  /** How long to wait before the next check. */
  wait(): Milliseconds;
};

const memory: Milliseconds = 600_000;
/** Immediate repairs: a person, an upgrade or a restored backup may undo this many in a row. */
const free = 5;
const first: Milliseconds = 1_000;
const longest: Milliseconds = 60_000;

export const repairBackoff = (clock: Clock): RepairBackoff => {
  let repairs: number[] = [];
  return {
    repaired: () => {
      repairs = [...repairs.filter((at) => at > clock.now() - memory), clock.now()];
    },
    wait: () => {
      const recent = repairs.filter((at) => at > clock.now() - memory);
      const last = recent.at(-1);
      if (last === undefined || recent.length < free) return 0;
      const pause = Math.min(longest, first * 2 ** Math.min(recent.length - free, 10));
      return Math.max(0, Math.min(longest, last + pause - clock.now()));
    },
  };
};
