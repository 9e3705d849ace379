/** What a policy will do, in one line of the answer to the write. */
import type { Policy } from '../policy/policy.ts';
import type { Hold, PolicyStep, Strategy } from '../policy/strategy.ts';
import { durationText } from '../../values/duration.ts';

const shownWeights = 8;
const shownSteps = 10;

const weightsText = (weights: readonly number[]): string => {
  if (weights.length <= shownWeights) return weights.join(', ');
  return `${weights.slice(0, shownWeights - 1).join(', ')}, … ${weights.at(-1)}`;
};

const holdText = (hold: Hold): string => (hold === 'approval' ? 'until a person goes on' : durationText(hold));

const stepText = (step: PolicyStep): string => {
  switch (step.do) {
    case 'weight':
      return `${step.weight} percent`;
    case 'pause':
      return `pause ${holdText(step.for)}`;
    case 'scale':
      return 'replicas' in step.canary ? `${step.canary.replicas} pods` : `pods for ${step.canary.weight} percent`;
    case 'analysis':
      return step.rounds === 1 ? 'checks' : `checks, ${step.rounds} rounds`;
    case 'header':
      return step.match.length === 0 ? `no route ${step.name}` : `requests with the headers of ${step.name}`;
    case 'mirror':
      return step.percent === 0 ? `no copies` : `copies of ${step.percent} percent`;
  }
};

const stepsText = (steps: readonly PolicyStep[]): string => {
  const shown = steps.length <= shownSteps ? steps : steps.slice(0, shownSteps - 1);
  const more = shown.length === steps.length ? [] : [`… (${steps.length} steps)`];
  return [...shown.map(stepText), ...more].join(', ');
};

const blueGreenText = ({ before, after }: Extract<Strategy, { readonly kind: 'blue-green' }>): string => {
  const first = before === 0 ? '' : ` after ${before === 'approval' ? 'a person goes on' : durationText(before)}`;
  return `all of the traffic at once${first}, and ${durationText(after)} for the way back`;
};

/** `1, 5, 20, 50 percent of the traffic, 1m each`. */
export const strategyText = ({ strategy, interval }: Policy): string => {
  switch (strategy.kind) {
    case 'weights': {
      const copies = strategy.mirror === undefined ? '' : `copies of ${strategy.mirror} percent of the requests, then `;
      return `${copies}${weightsText(strategy.weights)} percent of the traffic, ${durationText(interval)} each`;
    }
    case 'steps':
      return stepsText(strategy.steps);
    case 'iterations': {
      const whose = strategy.match.length > 0 ? 'the requests that match' : 'no traffic of callers';
      return `${whose}, for ${strategy.iterations} rounds of ${durationText(interval)}`;
    }
    case 'blue-green':
      return blueGreenText(strategy);
  }
};
