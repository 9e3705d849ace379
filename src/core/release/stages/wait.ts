/** Hold the split for a time, or until a person goes on. */
import { giveUpAt, holdSplit, waitsForPods } from '../hold-split.ts';
import { heldSince, isGranted, waitsForPerson } from './held.ts';
import type { Handler } from './handler.ts';

export const wait: Handler<'wait'> = {
  enter: (stage, status, facts) => waitsForPerson(stage, status, facts),
  next: (stage, status, facts) => {
    if (isGranted(stage, status)) return { over: status };
    const kept = holdSplit(status, facts);
    if (kept !== undefined) return kept;
    if (stage.for === 'approval') return {};
    // What somebody has changed by hand is not the time that was asked for.
    if (facts.takenOver !== undefined) return {};
    const due = heldSince(status, facts) + stage.for;
    const wakeAt = facts.now < due ? due : waitsForPods(status, facts);
    return wakeAt === undefined ? { over: status } : { wakeAt: Math.min(wakeAt, giveUpAt(status, facts)) };
  },
};
