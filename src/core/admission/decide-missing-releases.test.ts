import { describe, expect, it } from '@jest/globals';
import { marks } from '../../schema/annotations.ts';
import { aDeployment } from '../../../test/support/a-deployment.ts';
import { after, anInput, hashOf, optIn } from '../../../test/support/admission-input.ts';
import { decide } from './decide.ts';

const markedV2 = (phase?: string) => ({
  ...optIn,
  [marks.stableHash]: hashOf('web:1'),
  [marks.releaseHash]: hashOf('web:2'),
  [marks.release]: 'web-2',
  ...(phase === undefined ? {} : { [marks.phase]: phase }),
});
const held = (phase?: string) => aDeployment({ image: 'web:2', annotations: markedV2(phase), paused: true });
const resumed = (phase?: string) => aDeployment({ image: 'web:2', annotations: markedV2(phase) });

describe('D13: the kind Release is not installed', () => {
  it.each([
    ['under way', undefined],
    ['that failed', 'Failed'],
  ])('a resume ends a release %s: the template rolls natively, and its marks go', (_what, phase) => {
    const [old, object] = [held(phase), resumed(phase)];
    const decision = decide({ ...anInput(old, object), releasesMissing: true });
    const result = after(object, decision);
    expect(decision.case).toBe('resumed-unjudged');
    expect(decision.warnings).toEqual([expect.stringContaining('releases.sluice.dev')]);
    expect([result.spec.paused, result.metadata.annotations?.[marks.release]]).toEqual([undefined, undefined]);
    expect(decide({ ...anInput(old, result), releasesMissing: true }).case).toBe('resumed-unjudged');
  });

  it('a new template is held, with what is missing and what to type', () => {
    const [old, object] = [
      aDeployment({ image: 'web:1', annotations: optIn }),
      aDeployment({ image: 'web:2', annotations: optIn }),
    ];
    const decision = decide({ ...anInput(old, object), releasesMissing: true });
    expect([decision.case, after(object, decision).spec.paused]).toEqual(['released', true]);
    expect(decision.warnings.slice(0, 2)).toEqual([
      expect.stringContaining('the kind Release is missing (CustomResourceDefinition releases.sluice.dev)'),
      expect.stringContaining('kubectl rollout resume deployment/'),
    ]);
  });

  it('what changes nothing is not spoken about', () => {
    const [old, object] = [held(), held()];
    expect(decide({ ...anInput(old, object), releasesMissing: true })).toMatchObject({ case: 'kept', warnings: [] });
  });

  it('while it is there, a resume does not promote', () => {
    expect(decide({ ...anInput(held(), resumed()), releasesMissing: false }).case).toBe('pause-kept');
  });
});
