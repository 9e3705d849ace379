/** Requests from people: each is acknowledged exactly once, with what came of it. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339 } from '../../values/time.ts';
import type { Facts, Request } from './facts.ts';
import { mostAcknowledged, type Acknowledged } from '../../schema/release.ts';
import { openRequests, withAnswer } from '../requests/release-requests.ts';
import { enterNext, enterPromotion } from './stages/table.ts';
import { endWith, isFinal, withStatus } from './state.ts';

/** What was granted last after the release had ended: another attempt, or the stable template back. */
export const acceptedAfterwards = ({ acknowledged = [], completedAt }: ReleaseStatus): Acknowledged | undefined =>
  acknowledged.findLast(
    ({ verb, accepted, at }) =>
      accepted && (verb === 'retry' || (verb === 'abort' && completedAt !== undefined && at >= completedAt)),
  );

/** The retry that was granted, if one was. */
export const acceptedRetry = ({ acknowledged = [] }: ReleaseStatus): Acknowledged | undefined =>
  acknowledged.findLast(({ verb, accepted }) => verb === 'retry' && accepted);

/** The status after the oldest open request has been taken up; undefined when there is none. */
export const answer = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  const [request] = openRequests(facts.requests, status.acknowledged);
  if (request === undefined) return undefined;
  const { status: changed, refused: why } = carryOut(status, facts, request);
  const acknowledged = withAnswer(status.acknowledged ?? [], acknowledgement(facts, request, why), {
    present: facts.requests,
    most: mostAcknowledged,
  });
  return withStatus(changed, { acknowledged: [...acknowledged] });
};

const acknowledgement = (facts: Facts, request: Request, why: string | undefined): Acknowledged => ({
  id: request.id,
  verb: request.verb,
  ...(request.by === undefined ? {} : { by: request.by }),
  ...(request.reason === undefined ? {} : { reason: request.reason }),
  accepted: why === undefined,
  result: why === undefined ? 'accepted' : `refused: ${why}`,
  at: toRfc3339(facts.now),
});

/** `refused` says why it is not carried out. */
type Answer = { readonly status: ReleaseStatus; readonly refused?: string };

const refused = (status: ReleaseStatus, why: string): Answer => ({ status, refused: why });

const carryOut = (status: ReleaseStatus, facts: Facts, request: Request): Answer => {
  switch (request.verb) {
    case 'abort':
      return abort(status, facts, request);
    case 'promote':
      return promote(status, facts, request);
    case 'resume':
      return resume(status, facts, request);
    case 'skip-step':
      return skipStep(status, facts, request);
    case 'retry':
      return retry(status, facts);
  }
};

const who = (request: Request): string =>
  `${request.by ?? 'somebody'}${request.reason === undefined ? '' : `: ${request.reason}`}`;

const abort = (status: ReleaseStatus, facts: Facts, request: Request): Answer => {
  if (isHeld(status, facts)) return { status };
  if (isFinal(status.phase)) return refused(status, `the release is already ${status.phase}`);
  if (status.ending !== undefined) return refused(status, `the release is already ending: ${status.ending.message}`);
  if (status.phase === 'Promoting')
    return refused(status, 'the promotion has begun; apply the earlier version to go back');
  return {
    status: endWith(status, facts, {
      outcome: 'Aborted',
      reason: 'AbortRequested',
      message: `aborted by ${who(request)}`,
    }),
  };
};

const promote = (status: ReleaseStatus, facts: Facts, request: Request): Answer => {
  if (status.ending !== undefined || (status.phase !== 'Waiting' && status.phase !== 'Progressing')) {
    return refused(
      status,
      `a release can be promoted while it is Progressing or Waiting, and this one is ${status.phase}`,
    );
  }
  const approved = withStatus(status, {
    approved: { ...(request.by === undefined ? {} : { by: request.by }), at: toRfc3339(facts.now) },
  });
  return { status: enterPromotion(approved, facts) };
};

const isUnderWay = ({ phase, ending }: ReleaseStatus): boolean =>
  ending === undefined && (phase === 'Progressing' || phase === 'Waiting');

/** What comes after the stage that is left; a person who lets the promotion begin has approved it. */
const goOn = (status: ReleaseStatus, facts: Facts, request: Request): Answer => {
  const { stages } = facts.plan;
  const isLast = stages.at(-2)?.id === status.stage;
  if (isLast) return promote(status, facts, request);
  const next = enterNext(status, facts);
  return next === undefined ? refused(status, 'the release has no step that could be left') : { status: next };
};

const resume = (status: ReleaseStatus, facts: Facts, request: Request): Answer =>
  isUnderWay(status) && status.phase === 'Waiting'
    ? goOn(status, facts, request)
    : refused(status, `only a release that is Waiting can go on, and this one is ${status.phase}`);

/** What the step was to show is left out: nobody waits for its time, its checks or its pods. */
const skipStep = (status: ReleaseStatus, facts: Facts, request: Request): Answer =>
  isUnderWay(status)
    ? goOn(status, facts, request)
    : refused(
        status,
        `a step can be left while the release is Progressing or Waiting, and this one is ${status.phase}`,
      );

/** Its template, which failed or was aborted, is on the workload and held. */
const isHeld = ({ phase }: ReleaseStatus, { workload: { marks, paused }, release }: Facts): boolean =>
  (phase === 'Failed' || phase === 'Aborted') && paused && marks?.release === release.name && marks.phase === 'Failed';

const retry = (status: ReleaseStatus, facts: Facts): Answer => {
  if (status.phase !== 'Failed' && status.phase !== 'Aborted')
    return refused(status, `only a Failed or Aborted release can be retried, and this one is ${status.phase}`);
  if (facts.workload.marks?.release !== facts.release.name)
    return refused(status, 'the workload has another template by now; apply the one to retry again');
  return { status };
};
