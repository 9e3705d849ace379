/** What a change of a release's status is worth telling: events, and one log line. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { recordPhase } from '../marks/marks.ts';
import { cannotStart } from './progress.ts';
import { isFinal } from './state.ts';
import { isUnservedNote } from './unserved.ts';

export type ReleaseEvent = {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  /**
   * On which objects it is told. Each event is a request to the API server: beginning and end are told on the workload
   * (the Release says them itself), steps on the Release, trouble on both.
   */
  readonly on: 'workload' | 'release' | 'both';
};

/** The events between two statuses, in order. Messages that only rephrase a state are told in the status alone. */
export const eventsBetween = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => [
  ...phaseTale(before, after),
  ...weightTale(before, after),
  ...checkTale(before, after),
  ...refusedTale(before, after),
  ...unservedTale(before, after),
  ...requestTale(before, after),
];

const tale = (reason: string, action: string, note: string, rest: Partial<ReleaseEvent> = {}): ReleaseEvent => ({
  type: 'Normal',
  reason,
  action,
  note,
  on: 'both',
  ...rest,
});
const warning = { type: 'Warning' } as const;
const onlyWorkload = { on: 'workload' } as const;

const phaseTale = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  if (before?.phase === after.phase) return blockedTale(before, after);
  const note = after.message ?? after.phase;
  if (isFinal(after.phase)) return [tale(endReason(after), 'EndRelease', note, endTold(after.phase))];
  switch (after.phase) {
    case 'Preparing':
      return [
        tale(
          'ReleaseStarted',
          'StartCanary',
          `${note} (provider ${after.provider ?? '?'}, Service ${after.service ?? '?'})`,
          onlyWorkload,
        ),
      ];
    case 'Waiting':
      return [tale('ApprovalRequired', 'WaitForApproval', note)];
    case 'Failing':
      return [tale(after.ending?.reason ?? 'Failing', 'WithdrawCanary', note, warning)];
    default:
      return blockedTale(before, after);
  }
};

/** A record of what the policy lets roll is told as what it is. */
const endReason = ({ phase, ending }: ReleaseStatus): string => recordPhase(ending?.reason) ?? `Release${phase}`;

const endTold = (phase: ReleaseStatus['phase']): Partial<ReleaseEvent> => {
  if (phase === 'Failed') return warning;
  return phase === 'Bypassed' ? { ...warning, ...onlyWorkload } : onlyWorkload;
};

const blockedTale = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] =>
  after.phase === 'Pending' && (before === undefined ? isBlocked(after) : before.message !== after.message)
    ? [tale('CannotStart', 'StartCanary', after.message ?? '', warning)]
    : [];

const isBlocked = ({ message }: ReleaseStatus): boolean => message?.startsWith(cannotStart) === true;

const weightTale = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  if (after.phase !== 'Progressing' || before?.step === after.step) return [];
  return [
    tale(
      'WeightChanged',
      'SplitTraffic',
      `step ${after.stepLabel ?? ''}: ${after.weight ?? 0} % of the traffic for the canary`,
      { on: 'release' },
    ),
  ];
};

const checkTale = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  if (before?.message === after.message || after.message === undefined || after.ending !== undefined) return [];
  if (failuresOf(after) > failuresOf(before)) return [tale('CheckFailed', 'Judge', after.message, warning)];
  return isHolding(after) && after.judgedAt !== before?.judgedAt
    ? [tale('Holding', 'Judge', after.message, warning)]
    : [];
};

const failuresOf = (status: ReleaseStatus | undefined): number => status?.failures ?? 0;
const isHolding = (status: ReleaseStatus): boolean => (status.checks ?? []).some((c) => c.call === 'inconclusive');

/** Once for as long as it lasts: the words may differ from one attempt to the next. */
const refusedTale = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] =>
  after.refused !== undefined && before?.refused === undefined
    ? [tale('WriteRefused', 'Write', after.refused.words, warning)]
    : [];

const unservedTale = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] =>
  isUnservedNote(after.message) && !isUnservedNote(before?.message)
    ? [tale('RouteKindMissing', 'SplitTraffic', after.message ?? '', warning)]
    : [];

const requestTale = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  const { acknowledged } = after;
  if (acknowledged === undefined || acknowledged.id === before?.acknowledged?.id) return [];
  const why = acknowledged.reason === undefined ? '' : ` (${acknowledged.reason})`;
  return [
    tale(
      'Request',
      'AnswerRequest',
      `${acknowledged.verb} asked by ${acknowledged.by ?? 'somebody'}${why}: ${acknowledged.result}`,
    ),
  ];
};
