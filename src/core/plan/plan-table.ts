/** A plan as a table for users: what each stage does, how long it lasts and how many canary pods it needs. */
import { canarySize } from '../release/size.ts';
import { durationText } from '../../values/duration.ts';
import { splitText } from '../../values/split.ts';
import type { Milliseconds } from '../../values/time.ts';
import type { Hold, SizeRule } from '../policy/strategy.ts';
import type { Plan, Stage } from './plan.ts';

export type PlanRow = {
  readonly id: string;
  readonly does: string;
  /** How long the stage lasts, in words. */
  readonly lasts: string;
  /** Canary pods behind a route. Without a route the number differs, because the pods themselves are the split. */
  readonly pods: number;
};

export type PlanTable = {
  readonly rows: readonly PlanRow[];
  /** The minimum duration of all stages, without the time that pods need to start. */
  readonly least: Milliseconds;
  /** Number of stages that wait for a person. */
  readonly people: number;
};

const sizeText = (canary: SizeRule): string =>
  'replicas' in canary ? `${canary.replicas} pods for the canary` : `pods for ${canary.weight} % of the traffic`;

const doesText = (stage: Stage): string => {
  switch (stage.do) {
    case 'size':
      return sizeText(stage.canary);
    case 'split':
      return `${splitText(stage.split)} to the canary`;
    case 'analyse':
      return `judges the checks every ${durationText(stage.interval)}`;
    case 'wait':
      return 'waits';
    case 'promote':
      return 'the workload rolls to the new template';
  }
};

const holdText = (hold: Hold): string => (hold === 'approval' ? 'until a person goes on' : durationText(hold));

const lastsText = (stage: Stage): string => {
  switch (stage.do) {
    case 'analyse': {
      if (stage.for !== undefined) return holdText(stage.for);
      const rounds = stage.rounds ?? 1;
      return `${durationText(rounds * stage.interval)}, or until ${rounds === 1 ? 'a round passes' : `${rounds} rounds have passed`}`;
    }
    case 'wait':
      return holdText(stage.for);
    case 'size':
      return 'until they are ready';
    default:
      return '';
  }
};

const leastOf = (stage: Stage): Milliseconds => {
  if (stage.do !== 'analyse' && stage.do !== 'wait') return 0;
  if (stage.for !== undefined) return stage.for === 'approval' ? 0 : stage.for;
  return stage.do === 'analyse' ? stage.interval * (stage.rounds ?? 1) : 0;
};

type Before = { readonly weight: number; readonly floor: SizeRule | undefined };

const after = ({ weight, floor }: Before, stage: Stage): Before => ({
  weight: stage.do === 'split' ? stage.split.weight : weight,
  floor: stage.do === 'size' ? stage.canary : floor,
});

const podsOf = ({ weight, floor }: Before, replicas: number): number => {
  const share = floor !== undefined && 'weight' in floor ? Math.max(weight, floor.weight) : weight;
  const least = floor !== undefined && 'replicas' in floor ? floor.replicas : 0;
  return Math.max(least, canarySize(replicas, share, 'route'));
};

/** The stages of a release of a workload with so many replicas. */
export const planTable = ({ stages }: Pick<Plan, 'stages'>, replicas: number): PlanTable => {
  let now: Before = { weight: 0, floor: undefined };
  const rows = stages.map((stage) => {
    now = after(now, stage);
    return { id: stage.id, does: doesText(stage), lasts: lastsText(stage), pods: podsOf(now, replicas) };
  });
  const waits = stages.filter((stage) => 'for' in stage && stage.for === 'approval');
  return { rows, least: stages.reduce((sum, stage) => sum + leastOf(stage), 0), people: waits.length };
};
