import { describe, expect, test } from '@jest/globals';
import { aDeployment, aTemplate, type DeploymentTraits } from '../../test/support/a-deployment.ts';
import { hashOf } from '../../test/support/admission-input.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { marks } from '../schema/annotations.ts';
import { formerTemplates, type FormerTemplates } from './former-templates.ts';

const object = (generation: number, traits: DeploymentTraits): KubeObject => {
  const made = aDeployment(traits);
  return { ...made, metadata: { ...made.metadata, uid: 'u', generation } };
};
const before = object(1, { image: 'web:1' });
const marked = object(2, { image: 'web:2', annotations: { [marks.release]: 'web-2' } });
const seen = (...changes: readonly Parameters<FormerTemplates['note']>[0][]): FormerTemplates => {
  const templates = formerTemplates();
  for (const change of changes) templates.note(change);
  return templates;
};
const asked = (templates: FormerTemplates): unknown => templates.take('u', hashOf('web:1'));

describe('the template a workload had when it was marked', () => {
  const released = { type: 'set', object: marked, before } as const;

  test('is known to the one that saw it marked, and told once', () => {
    const templates = seen(released);
    expect(asked(templates)).toEqual(aTemplate('web:1'));
    expect(asked(templates)).toBeUndefined();
  });

  test('stays known while the workload reports its status', () => {
    const reported = { ...marked, status: { replicas: 3 } };
    expect(asked(seen(released, { type: 'set', object: reported, before: marked }))).toEqual(aTemplate('web:1'));
  });

  test.each<[string, readonly Parameters<FormerTemplates['note']>[0][]]>([
    ['was not seen with another template', [{ type: 'set', object: marked }]],
    ['is gone', [released, { type: 'removed', object: marked }]],
    ['has lost its marks', [released, { type: 'set', object: object(3, { image: 'web:1' }), before: marked }]],
    [
      'had another template than the one that serves',
      [
        released,
        {
          type: 'set',
          object: object(3, { image: 'web:3', annotations: { [marks.release]: 'web-3' } }),
          before: marked,
        },
      ],
    ],
  ])('is not known where the workload %s', (_name, changes) => {
    expect(asked(seen(...changes))).toBeUndefined();
  });
});
