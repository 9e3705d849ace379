/** Every kind of stage and its handler. The engine knows stages through this table alone. */
import type { Stage, StageKind } from '../../plan/plan.ts';
import type { ReleaseStatus } from '../../../schema/release.ts';
import { toRfc3339 } from '../../../values/time.ts';
import type { Facts } from '../facts.ts';
import { withStatus } from '../state.ts';
import { analyse } from './analyse.ts';
import type { Handler, Next } from './handler.ts';
import { promote } from './promote.ts';
import { size } from './size.ts';
import { split } from './split.ts';
import { wait } from './wait.ts';

const handlers: { readonly [K in StageKind]: Handler<K> } = { analyse, promote, size, split, wait };

/** Looked up by the stage's own kind, so the handler is the one for it. */
const handlerOf = (stage: Stage): Handler<StageKind> => handlers[stage.do] as Handler<StageKind>;

const enter = (stage: Stage, status: ReleaseStatus, facts: Facts): ReleaseStatus =>
  handlerOf(stage).enter(
    stage,
    withStatus(status, { stage: stage.id, stageEnteredAt: toRfc3339(facts.now), waiting: undefined }),
    facts,
  );

/** The first stage begins. */
export const enterFirst = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const [first] = facts.plan.stages;
  if (first === undefined) throw new Error(`the plan of release ${facts.release.name} has no stage`);
  return enter(first, status, facts);
};

/** The template goes to stable, whatever stages are left. */
export const enterPromotion = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const last = facts.plan.stages.find((stage) => stage.do === 'promote');
  if (last === undefined) throw new Error(`the plan of release ${facts.release.name} does not promote`);
  return enter(last, status, facts);
};

/** What comes next in the stage the release is in; the stage after it is entered where it is over. */
export const nextInStage = (status: ReleaseStatus, facts: Facts): Exclude<Next, { readonly over: ReleaseStatus }> => {
  const { stages } = facts.plan;
  const index = stages.findIndex(({ id }) => id === status.stage);
  const stage = stages[index];
  if (stage === undefined)
    throw new Error(
      `release ${facts.release.name} is in stage ${status.stage ?? 'none'}, which its plan does not have`,
    );
  const next = handlerOf(stage).next(stage, status, facts);
  if (!('over' in next)) return next;
  const after = stages[index + 1];
  return after === undefined ? {} : { status: enter(after, next.over, facts) };
};

/** The stage after the present one begins, whatever this one waits for; undefined in the last one. */
export const enterNext = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  const { stages } = facts.plan;
  const after = stages[stages.findIndex(({ id }) => id === status.stage) + 1];
  return status.stage === undefined || after === undefined ? undefined : enter(after, status, facts);
};
