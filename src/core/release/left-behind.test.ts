import { describe, expect, it } from '@jest/globals';
import { aRelease } from '../../../test/support/plugin-doubles.ts';
import { releaseView } from '../../cli/release-view.ts';
import { activePhases, finalPhases, type Phase, type Release } from '../../schema/release.ts';
import { leftBehind } from './left-behind.ts';

const aReleaseIn = (phase: Phase, weight?: number): Release =>
  releaseView(aRelease({ status: { phase, ...(weight === undefined ? {} : { weight }) } })).object;

describe('dev at its end', () => {
  it('D11: says which releases it leaves, and what to type', () => {
    const [text, ...others] = leftBehind([aReleaseIn('Progressing', 20)]);
    expect(others).toEqual([]);
    expect(text).toMatch(/^Release shop\/web-\d+ is left in the middle \(Progressing, 20 % of the traffic/);
    expect(text).toMatch(
      /first give all traffic back.*kubectl delete releases\.sluice\.dev web-\d+ -n shop; kubectl delete deployments.*; kubectl roll/,
    );
  });

  it.each(activePhases)('D11: names one that is %s', (phase) =>
    expect(leftBehind([aReleaseIn(phase)])).toHaveLength(1),
  );
  it.each(finalPhases)('is silent about one that is %s', (phase) =>
    expect(leftBehind([aReleaseIn(phase)])).toEqual([]),
  );
});
