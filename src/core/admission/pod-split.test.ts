import { describe, expect, it } from '@jest/globals';
import { podSplitWarnings } from './pod-split.ts';

const said = (replicas: number, ...weights: readonly number[]): readonly string[] =>
  podSplitWarnings(weights, replicas, 'pods');

describe('what steps come to without a mesh', () => {
  it('R5: steps that are the same split are told', () =>
    expect(said(1, 1, 5, 20, 50)).toEqual([
      'the number of pods is the split, and with 1 replica steps 1, 5, 20 and 50 are the same split, 1 of 2 pods: about 50 %',
    ]));

  it('R5: each share that is not the weight is told', () =>
    expect(said(2, 1, 5, 50)).toEqual([
      'the number of pods is the split, and with 2 replicas steps 1 and 5 are the same split, 1 of 3 pods: about 33 %; step 50 is 2 of 4 pods: about 50 %',
    ]));

  it('is not told where pods come to the weights', () => expect(said(3, 25, 50)).toEqual([]));

  it('is not told of a workload without pods', () => expect(said(0, 1, 50)).toEqual([]));

  it('is told with its condition where a route may be found', () =>
    expect(podSplitWarnings([1], 1, 'either')).toEqual([
      "where no route and no mesh's proxy splits the traffic, the number of pods does, and with 1 replica step 1 is 1 of 2 pods: about 50 %",
    ]));

  it.each(['route', undefined] as const)('is not told where the split is by %s', (by) =>
    expect(podSplitWarnings([1], 1, by)).toEqual([]),
  );

  it('is told of six splits at most', () =>
    expect(said(10, 10, 20, 30, 40, 50, 60, 70, 80)[0]).toMatch(/: about 60 %; …$/));
});
