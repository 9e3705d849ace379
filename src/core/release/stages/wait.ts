/** Hold the split for a time, or until a person approves. */
import { fromRfc3339 } from '../../../values/time.ts';
import { giveUpAt, holdSplit, waitsForPods } from '../hold-split.ts';
import { inPhase } from '../state.ts';
import type { Handler } from './handler.ts';

export const wait: Handler<'wait'> = {
  enter: (stage, status, facts) =>
    inPhase(status, stage.for === 'approval' && status.approved === undefined ? 'Waiting' : 'Progressing', facts),
  next: (stage, status, facts) => {
    if (stage.for === 'approval' && status.approved !== undefined) return { over: status };
    const kept = holdSplit(status, facts);
    if (kept !== undefined) return kept;
    if (stage.for === 'approval') return {};
    // What somebody has changed by hand is not the time that was asked for.
    if (facts.takenOver !== undefined) return {};
    const since = Math.max(fromRfc3339(status.splitInPlaceAt) ?? facts.now, fromRfc3339(status.stageEnteredAt) ?? 0);
    const due = since + stage.for;
    const wakeAt = facts.now < due ? due : waitsForPods(status, facts);
    return wakeAt === undefined ? { over: status } : { wakeAt: Math.min(wakeAt, giveUpAt(status, facts)) };
  },
};
