/** The end of a Release that is only a record: its template rolled natively because the policy says so. */
import type { RecordOf, ReleaseSpec } from '../../schema/release.ts';
import type { RecordPhase } from '../marks/marks.ts';
import { printable } from '../../values/printable.ts';
import type { Decided } from './state.ts';

/** The `recordOf` of the Release for each phase in the mark. */
export const recordsOf: Readonly<Record<RecordPhase, RecordOf>> = { RolledBack: 'rollback', Restarted: 'restart' };

/** The setting of the policy that decided, for `spec.reason`. */
export const nativeReasons: Readonly<Record<RecordPhase, string>> = {
  RolledBack: 'rollback: fast',
  Restarted: 'restart: native',
};

/** `of`: name of the Release that first brought the template. */
export const nativeEnd = (phase: RecordPhase, by: ReleaseSpec['requestedBy'], of?: string): Decided => ({
  outcome: 'Skipped',
  reason: phase,
  message: words[phase](
    by === undefined ? '' : ` by ${printable(by.user)}`,
    of === undefined ? '' : ` (of release ${of})`,
  ),
});

const words: Readonly<Record<RecordPhase, (by: string, of: string) => string>> = {
  RolledBack: (by, of) => `rolled back${by} to a template that is known to be good${of}: natively, at once`,
  Restarted: (by) => `restarted${by}: natively, as the policy says (${nativeReasons.Restarted})`,
};
