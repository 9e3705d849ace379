import { expect, it } from '@jest/globals';
import { at } from '../../test/support/plugin-doubles.ts';
import type { CheckResult, ReleaseStatus } from '../schema/release.ts';
import { renderChange } from './render-change.ts';

const preparing: ReleaseStatus = { phase: 'Preparing', canary: { replicas: 2, ready: 0 } };
const first: ReleaseStatus = { phase: 'Progressing', stepLabel: '1/4', weight: 1, message: 'first step' };
const pass = { name: 'errors', call: 'pass', because: 'errors 0.1 % is at most 1 %', at: at(0) } as const;

const judged = (check: CheckResult): Pick<ReleaseStatus, 'analyses'> => ({
  analyses: [{ id: 'checks', failures: 0, checks: [check] }],
});

it.each<[string, ReleaseStatus | undefined, ReleaseStatus, readonly string[]]>([
  ['the first state', undefined, preparing, ['Preparing', 'canary: 0 of 2 pods ready']],
  [
    'pods that became ready',
    preparing,
    { ...preparing, canary: { replicas: 2, ready: 2 } },
    ['canary: 2 of 2 pods ready'],
  ],
  ['a step', preparing, { ...preparing, ...first }, ['Progressing 1/4 1 %: first step']],
  ['a verdict', first, { ...first, ...judged(pass) }, ['check pass: errors 0.1 % is at most 1 %']],
  [
    'a verdict, then the step it opened',
    first,
    { ...first, stepLabel: '2/4', weight: 5, message: 'second step', ...judged(pass) },
    ['check pass: errors 0.1 % is at most 1 %', 'Progressing 2/4 5 %: second step'],
  ],
  [
    'the same verdict of a later window',
    { ...first, ...judged(pass) },
    { ...first, ...judged({ ...pass, at: at(60) }) },
    ['check pass: errors 0.1 % is at most 1 %'],
  ],
  ['a message', first, { ...first, message: 'holding' }, ['Progressing 1/4 1 %: holding']],
  ['the end, where the share means nothing', first, { phase: 'Succeeded', weight: 0 }, ['Succeeded']],
  ['nothing a person cares about', first, { ...first, splitInPlaceAt: at(1), observedGeneration: 2 }, []],
])('tells %s', (_case, before, after, lines) => expect(renderChange(before, after)).toEqual(lines));
