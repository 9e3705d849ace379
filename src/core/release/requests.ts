/** Requests from people: each is acknowledged exactly once, with what came of it. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339 } from '../../values/time.ts';
import type { Facts, Request } from './facts.ts';
import { startPromotion } from './progress.ts';
import { endWith, isFinal, withStatus } from './state.ts';

/** The result of a request that is carried out; every other result says why not. */
export const accepted = 'accepted';

/** The status after an open request has been taken up; undefined when there is none. */
export const answer = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  const { request } = facts;
  if (request === undefined || status.acknowledged?.id === request.id) return undefined;
  const { status: changed, result } = carryOut(status, facts, request);
  return withStatus(changed, { acknowledged: acknowledgement(facts, request, result) });
};

const acknowledgement = (
  facts: Facts,
  request: Request,
  result: string,
): NonNullable<ReleaseStatus['acknowledged']> => ({
  id: request.id,
  verb: request.verb,
  ...(request.by === undefined ? {} : { by: request.by }),
  ...(request.reason === undefined ? {} : { reason: request.reason }),
  result,
  at: toRfc3339(facts.now),
});

type Answer = { readonly status: ReleaseStatus; readonly result: string };

const refused = (status: ReleaseStatus, why: string): Answer => ({ status, result: `refused: ${why}` });

const carryOut = (status: ReleaseStatus, facts: Facts, request: Request): Answer => {
  switch (request.verb) {
    case 'abort':
      return abort(status, facts, request);
    case 'promote':
      return promote(status, facts, request);
    case 'retry':
      return retry(status, facts);
  }
};

const who = (request: Request): string =>
  `${request.by ?? 'somebody'}${request.reason === undefined ? '' : `: ${request.reason}`}`;

const abort = (status: ReleaseStatus, facts: Facts, request: Request): Answer => {
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
    result: accepted,
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
  return { status: startPromotion(approved, facts), result: accepted };
};

const retry = (status: ReleaseStatus, facts: Facts): Answer => {
  if (status.phase !== 'Failed')
    return refused(status, `only a Failed release can be retried, and this one is ${status.phase}`);
  if (facts.workload.marks?.release !== facts.release.name)
    return refused(status, 'the workload has another template by now; apply the one to retry again');
  return { status, result: accepted };
};
