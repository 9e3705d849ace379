import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aTemplate, type DeploymentTraits } from '../../../test/support/a-deployment.ts';
import { after, anInput, hashOf, optIn, sluice } from '../../../test/support/admission-input.ts';
import { aRequest, asObject, someRules } from '../../../test/support/an-admission-request.ts';
import { marks } from '../../schema/annotations.ts';
import type { Deployment, JsonObject, KubeObject } from '../../values/kube-object.ts';
import type { AdmissionRequest, Answer } from './admission-request.ts';
import { decide } from './decide.ts';
import { mutate } from './mutate.ts';
import { validate } from './validate.ts';

const now = Date.UTC(2026, 0, 2);
const later = now + 4000;
const old = asObject({ annotations: optIn });
const asDeployment = (object: KubeObject): Deployment => object as unknown as Deployment;

/** The object after Sluice's answer. */
const answered = (object: KubeObject, before = old): KubeObject =>
  after(asDeployment(object), mutate(aRequest({ old: before, object }), someRules, now));

const change = (
  object: KubeObject,
  edit: (draft: { spec: JsonObject; metadata: KubeObject['metadata'] }) => object,
) => ({ ...object, ...edit({ spec: object.spec ?? {}, metadata: object.metadata }) });
const withImage = (object: KubeObject, image: string): KubeObject =>
  change(object, ({ spec }) => ({ spec: { ...spec, template: aTemplate(image) } }));
const unpaused = (object: KubeObject): KubeObject =>
  change(object, ({ spec: { paused: _paused, ...spec } }) => ({ spec }));
const withoutMarks = (object: KubeObject): KubeObject =>
  change(object, ({ metadata }) => ({ metadata: { ...metadata, annotations: optIn } }));

const ask = (change_: { old?: KubeObject; object: KubeObject }, more: Partial<AdmissionRequest> = {}): Answer =>
  validate(aRequest(change_, more), someRules, later);

const v2 = asObject({ image: 'web:2', annotations: optIn });
const held = answered(v2);

describe('what other admission controllers make of a write', () => {
  it('is allowed where it is what Sluice answered, whenever that was', () => {
    expect(ask({ old, object: held })).toMatchObject({ case: 'validated', allowed: true });
  });

  it.each<[string, KubeObject, string]>([
    [
      'another template under the marks of the one that was seen',
      withImage(held, 'web:2-injected'),
      'the pod template',
    ],
    ['a template in a write that Sluice was not asked about', withImage(old, 'web:1-injected'), 'the pod template'],
    [
      'the template that is stored under marks of a new one',
      change(held, () => ({ spec: { ...old.spec, paused: true } })),
      'the pod template back to what it was',
    ],
    ['no pause', unpaused(held), 'spec.paused'],
    ['no marks', withoutMarks(held), 'the pod template'],
    [
      'a mark of its own',
      change(held, ({ metadata }) => ({
        metadata: { ...metadata, annotations: { ...metadata.annotations, [marks.stableHash]: 'x' } },
      })),
      'the annotations that Sluice keeps',
    ],
  ])('is refused with words that help: %s', (_case, object, changed) => {
    const { allowed, denial } = ask({ old, object });
    expect(allowed).toBe(false);
    expect(denial).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(denial?.message).toContain(`Deployment shop/web, something else changed ${changed}`);
    expect(denial?.message).toContain('a name that sorts before the one of Sluice');
  });

  it('is refused where it opts in a workload too late, and says so', () => {
    const stranger = asObject({});
    const enrolled = asObject({ image: 'web:2', annotations: optIn });
    const late = ask({ old: stranger, object: enrolled });
    expect(late.denial?.message).toContain('another admission controller opted in Deployment shop/web when');
    // The manifest itself opts in, so Sluice was called, and the template was changed afterwards.
    const asked = ask({ old: stranger, object: withImage(answered(enrolled, stranger), 'web:3') });
    expect(asked.denial?.message).toContain('something else changed the pod template');
    expect(ask({ old: stranger, object: asObject({ annotations: optIn }) })).toMatchObject({ allowed: true });
  });

  it('says what changes in all', () => {
    expect(ask({ old, object: withImage(held, 'web:3') }).denial?.message).toContain('web:1 → web:3');
  });

  it('is allowed where the template is put back to what is stored', () => {
    expect(ask({ old, object: old })).toMatchObject({ allowed: true });
    expect(ask({ old: held, object: answered(withoutMarks(unpaused(held)), held) })).toMatchObject({ allowed: true });
  });

  it('of what Sluice decided is always allowed', () => {
    const images = fc.constantFrom('web:1', 'web:2', 'web:3');
    const traits: fc.Arbitrary<DeploymentTraits> = fc
      .record({ image: images, paused: fc.boolean(), optedIn: fc.boolean(), bound: images })
      .map(({ optedIn, bound, ...rest }) => ({
        ...rest,
        annotations: {
          ...(optedIn ? optIn : {}),
          [marks.releaseHash]: hashOf(bound),
          [marks.stableHash]: hashOf('web:1'),
          [marks.release]: 'web-3',
        },
      }));
    fc.assert(
      fc.property(traits, traits, (before, sent) => {
        const stored = asObject(before);
        expect(ask({ old: stored, object: answered(asObject(sent), stored) }).allowed).toBe(true);
      }),
    );
  });
});

describe('what other admission controllers make of a write of Sluice', () => {
  const by = { user: sluice };
  const promoted = unpaused(
    change(held, ({ metadata }) => ({
      metadata: { ...metadata, annotations: { ...metadata.annotations, [marks.phase]: 'Promoting' } },
    })),
  );

  it.each<[string, KubeObject, KubeObject]>([
    ['a promotion', held, promoted],
    ['the stable template put back', held, old],
    ['marks that are taken off', promoted, withoutMarks(promoted)],
  ])('is allowed where it is what Sluice wrote: %s', (_case, before, object) => {
    expect(ask({ old: before, object }, by)).toMatchObject({ case: 'own-write', allowed: true });
  });

  it.each<[string, KubeObject, KubeObject]>([
    ['a promotion of another template', held, withImage(promoted, 'web:2-injected')],
    ['another than the stable template put back', held, withImage(old, 'web:1-injected')],
    ['marks that are taken off', promoted, withImage(withoutMarks(promoted), 'web:2-injected')],
    ['a promotion of a template from before', promoted, withImage(promoted, 'web:0')],
  ])('is refused: %s', (_case, before, object) => {
    const { allowed, denial } = ask({ old: before, object }, by);
    expect(allowed).toBe(false);
    expect(denial?.message).toContain('changes the pod template in a write of Sluice');
    expect(denial?.message).toContain('image of container app');
  });

  it('concerns no canary that Sluice creates', () => {
    expect(ask({ object: held }, by)).toMatchObject({ case: 'own-write', allowed: true });
  });

  it('leaves the decision alone', () => {
    expect(decide({ ...anInput(asDeployment(held), asDeployment(promoted)), user: sluice })).toMatchObject({
      case: 'own-write',
      patch: [],
    });
  });
});
