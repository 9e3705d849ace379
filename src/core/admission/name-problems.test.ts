import { describe, expect, it } from '@jest/globals';
import { aDeployment, type DeploymentTraits } from '../../../test/support/a-deployment.ts';
import { anInput, optIn } from '../../../test/support/admission-input.ts';
import { idle } from '../../../test/support/admission-traits.ts';
import { annotations as keys } from '../../schema/annotations.ts';
import { sentence } from '../../values/problem.ts';
import { decide, type Decision } from './decide.ts';

describe('a name that leaves no room for the canary’s', () => {
  const named = (length: number, to: DeploymentTraits): Decision => {
    const [old, object] = [aDeployment(idle), aDeployment({ ...idle, ...to })].map((one) => ({
      ...one,
      metadata: { ...one.metadata, name: 'x'.repeat(length) },
    }));
    return decide(anInput(old!, object!));
  };

  it('is refused where a release would begin', () => {
    expect(named(235, { image: 'web:2' }).allowed).toBe(true);
    const { allowed, problems } = named(236, { image: 'web:2' });
    expect(allowed).toBe(false);
    expect(problems.map(sentence).join()).toMatch(/^metadata.name "x+…": must be no more than 235 characters/);
  });

  it('is refused from the beginning', () => {
    const { old: _old, ...input } = anInput(aDeployment(), aDeployment(idle));
    const object = { ...input.object, metadata: { ...input.object.metadata, name: 'x'.repeat(236) } };
    expect(decide({ ...input, object, operation: 'CREATE' }).allowed).toBe(false);
  });

  it.each<[string, DeploymentTraits]>([
    ['scaling', { replicas: 9 }],
    ['opting out', { image: 'web:2', annotations: { [keys.canary]: 'disabled' } }],
    ['a skip', { image: 'web:2', annotations: { ...optIn, [keys.skip]: 'INC-1' } }],
  ])('does not stand in the way of %s', (_case, to) => expect(named(236, to).allowed).toBe(true));
});
