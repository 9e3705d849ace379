/** What a change of a release's status is worth telling. It is written into the status itself (`history`) and told from there. */
import { isDeepStrictEqual } from 'node:util';
import type { HistoryEntry, ReleaseStatus, WaitingReason } from '../../schema/release.ts';
import { podTroubles } from '../../schema/waiting-reasons.ts';
import { recordPhase } from '../marks/marks.ts';
import { isOrdinary } from './canary-pods.ts';
import { trafficText } from './share.ts';
import { isFinal } from './state.ts';

/**
 * `toldOn`: each Kubernetes event is a request to the API server. Beginning and end are told on the workload (the Release says
 * them itself), steps on the Release, trouble on both.
 */
export type ReleaseEvent = Omit<HistoryEntry, 'seq' | 'at'>;

/** The events between two statuses, in order. */
export const eventsBetween = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => [
  ...ofPhase(before, after),
  ...ofPolicy(before, after),
  ...ofSplit(before, after),
  ...ofChecks(before, after),
  ...ofStandIn(before, after),
  ...ofWaiting(before, after),
  ...ofUncovered(before, after),
  ...ofWriteError(before, after),
  ...ofRequests(before, after),
];

const event = (reason: string, action: string, message: string, rest: Partial<ReleaseEvent> = {}): ReleaseEvent => ({
  type: 'Normal',
  reason,
  action,
  message,
  toldOn: 'both',
  ...rest,
});

const warning = { type: 'Warning' } as const;
const onlyWorkload = { toldOn: 'workload' } as const;

const ofPhase = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  if (before?.phase === after.phase) return [];
  const message = after.message ?? after.phase;
  if (isFinal(after.phase)) return [event(endReason(after), 'EndRelease', message, endTold(after.phase))];
  switch (after.phase) {
    case 'Preparing':
      return [
        event(
          'ReleaseStarted',
          'StartCanary',
          `${message} (provider ${after.provider ?? '?'}${why(after)}, Service ${after.service ?? '?'}${sharedText(after)})`,
          onlyWorkload,
        ),
      ];
    case 'Waiting':
      return [event('ApprovalRequired', 'WaitForApproval', message)];
    case 'Failing':
      return [event(after.ending?.reason ?? 'Failing', 'WithdrawCanary', message, warning)];
    default:
      return [];
  }
};

const why = ({ providerBecause }: ReleaseStatus): string =>
  providerBecause === undefined ? '' : `: ${providerBecause}`;

const sharedText = ({ sharedWith = [] }: ReleaseStatus): string =>
  sharedWith.length === 0
    ? ''
    : `, which ${sharedWith.join(', ')} ${sharedWith.length === 1 ? 'stands' : 'stand'} behind too: the canary gets its share of all their traffic, and is sized for it`;

/** Told as it is read: what a person has mended before the release starts. */
const ofPolicy = (before: ReleaseStatus | undefined, { revised }: ReleaseStatus): readonly ReleaseEvent[] =>
  revised === undefined || isDeepStrictEqual(revised, before?.revised)
    ? []
    : [
        event(
          'PolicyRevised',
          'ReadPolicy',
          `the release has not started yet and goes by the policy as it is now (${revised.policyName ?? 'annotations'})`,
        ),
      ];

/** A record of what the policy lets roll is told as what it is. */
const endReason = ({ phase, ending }: ReleaseStatus): string => recordPhase(ending?.reason) ?? `Release${phase}`;

const endTold = (phase: ReleaseStatus['phase']): Partial<ReleaseEvent> => {
  if (phase === 'Failed') return warning;
  return phase === 'Bypassed' ? { ...warning, ...onlyWorkload } : onlyWorkload;
};

const ofSplit = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] =>
  after.phase !== 'Progressing' || before?.step === after.step
    ? []
    : [
        event('WeightChanged', 'SplitTraffic', `step ${after.stepLabel ?? ''}: ${trafficText(after)}`, {
          toldOn: 'release',
        }),
      ];

const ofStandIn = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] =>
  before?.standIn === undefined || after.standIn !== undefined
    ? []
    : [
        event(
          'StableBack',
          'SplitTraffic',
          `stable answers again: ${after.weight ?? 0} % of the traffic for the canary`,
          {
            toldOn: 'release',
          },
        ),
      ];

const judgedAt = ({ analyses = [] }: ReleaseStatus): readonly string[] =>
  analyses.map((one) => `${one.id} ${one.judgedAt ?? ''}`);

/** Each round that does not pass is told, also when it says the same as the one before. */
const ofChecks = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  const { waiting } = after;
  if (after.ending !== undefined || waiting === undefined) return [];
  const judged = judgedAt(after).some((one) => !(before === undefined ? [] : judgedAt(before)).includes(one));
  if (!judged) return [];
  if (waiting.reason === 'ChecksFailed') return [event('CheckFailed', 'Judge', waiting.message, warning)];
  return waiting.reason === 'ChecksInconclusive' && waiting.message !== before?.waiting?.message
    ? [event('Holding', 'Judge', waiting.message, warning)]
    : [];
};

/** Told when the reason is new. The words may differ from one attempt to the next. */
const toldOnce: { readonly [R in WaitingReason]?: Pick<ReleaseEvent, 'action' | 'type'> } = {
  SplitNotSeen: { action: 'Judge', ...warning },
  ScaledToZero: { action: 'ScaleDown', type: 'Normal' },
  StableUnavailable: { action: 'SplitTraffic', ...warning },
  CanaryFlapping: { action: 'WithdrawCanary', ...warning },
  PolicyMissing: { action: 'ReadPolicy', ...warning },
  PolicyUnreadable: { action: 'ReadPolicy', ...warning },
  PodsRefused: { action: 'StartCanary', ...warning },
  RouteKindMissing: { action: 'SplitTraffic', ...warning },
  RouteRefused: { action: 'SplitTraffic', ...warning },
  PromotionLacksRoom: { action: 'Promote', ...warning },
  PromotionStuck: { action: 'Promote', ...warning },
  StableGrowing: { action: 'ScaleWorkload', type: 'Normal' },
  StillSending: { action: 'WithdrawCanary', ...warning },
  ...Object.fromEntries(
    podTroubles.map((one) => [one, { action: 'StartCanary', type: isOrdinary(one) ? 'Normal' : 'Warning' } as const]),
  ),
};

/** Pods that come and go say the same again each time: once in a stage is enough. */
const hasBeenTold = (before: ReleaseStatus | undefined, after: ReleaseStatus, reason: WaitingReason): boolean =>
  before?.waiting?.reason === reason ||
  (before?.history ?? []).some((entry) => entry.reason === reason && entry.at >= (after.stageEnteredAt ?? ''));

const ofWaiting = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  const { waiting } = after;
  if (waiting === undefined) return [];
  const { reason, message } = waiting;
  // What to mend is in the words.
  if (reason === 'CannotStart')
    return message === before?.waiting?.message ? [] : [event(reason, 'StartCanary', message, warning)];
  const told = toldOnce[reason];
  return told === undefined || hasBeenTold(before, after, reason)
    ? []
    : [event(reason, told.action, message, { type: told.type })];
};

const ofWriteError = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] =>
  after.lastWriteError !== undefined && before?.lastWriteError === undefined
    ? [event('WriteRefused', 'Write', after.lastWriteError.message, warning)]
    : [];

const ofUncovered = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  if (after.uncovered === undefined || isDeepStrictEqual(before?.uncovered, after.uncovered)) return [];
  const words = after.uncovered.map(({ kind, name, because }) => `${kind} ${name} (${because})`);
  const message = `the canary goes without what selects the pods of the workload: ${words.join('; ')}`;
  return [event('CanaryUncovered', 'StartCanary', message, warning)];
};

const ofRequests = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly ReleaseEvent[] => {
  const known = new Set((before?.acknowledged ?? []).map(({ id }) => id));
  return (after.acknowledged ?? [])
    .filter(({ id }) => !known.has(id))
    .map(({ verb, by, reason, result }) => {
      const why = reason === undefined ? '' : ` (${reason})`;
      return event('Request', 'AnswerRequest', `${verb} asked by ${by ?? 'somebody'}${why}: ${result}`);
    });
};
