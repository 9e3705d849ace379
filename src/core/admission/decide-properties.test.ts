import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aDeployment, aTemplate, type DeploymentTraits } from '../../../test/support/a-deployment.ts';
import { after, anInput, hashOf, sluice } from '../../../test/support/admission-input.ts';
import { annotations as keys, marks } from '../../schema/annotations.ts';
import { optInOf } from '../policy/opt-in.ts';
import { templateHash } from '../template/template-hash.ts';
import { decide } from './decide.ts';
import { boundMarks, isMark, readMarks } from '../marks/marks.ts';
import { withUsedSkip } from './used-skips.ts';

const images = ['web:0', 'web:1', 'web:2', 'web:3'];
const hash = fc.oneof(fc.constantFrom(...images.map(hashOf)), fc.string({ maxLength: 8 }));
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const someAnnotations = fc
  .record({
    [keys.canary]: some(fc.constantFrom('enabled', 'enabled', 'disabled', 'enabeld')),
    [keys.skip]: some(fc.constantFrom('', 'INC-1', 'INC-2')),
    'sluice.dev/steps': some(fc.constantFrom('10', '120')),
    'sluice.dev/rollback': some(fc.constantFrom('fast', 'canary')),
    'sluice.dev/restart': some(fc.constantFrom('native', 'canary')),
    [marks.stableHash]: some(hash),
    [marks.releaseHash]: some(hash),
    [marks.release]: some(fc.constantFrom('web-4', 'web-5', '')),
    [marks.requestedBy]: some(fc.constantFrom('{}', 'x')),
    [marks.phase]: some(fc.constantFrom('Failed', 'Promoting', 'Skipped', 'UserPaused', 'RolledBack', 'Strange', '')),
    [marks.knownGood]: some(fc.array(hash, { maxLength: 3 }).map((list) => list.join(','))),
    [marks.admitted]: some(hash),
    [marks.skips]: some(fc.constantFrom('', withUsedSkip(undefined, hashOf('web:2'), 'INC-1'))),
    'example.com/other': some(fc.constant('x')),
  })
  .map((all) =>
    Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
  );

const someTemplate = fc.tuple(fc.constantFrom(...images), fc.boolean()).map(([image, restarted]) => {
  const template = aTemplate(image);
  const annotations = { 'kubectl.kubernetes.io/restartedAt': 'now' };
  return restarted ? { ...template, metadata: { ...template.metadata, annotations } } : template;
});

const someTraits: fc.Arbitrary<DeploymentTraits> = fc
  .record({
    template: someTemplate,
    annotations: some(someAnnotations),
    replicas: fc.integer({ min: 0, max: 3 }),
    available: fc.integer({ min: 0, max: 3 }),
    paused: some(fc.boolean()),
    generation: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ annotations, paused, ...rest }) => ({
    ...rest,
    ...(annotations === undefined ? {} : { annotations }),
    ...(paused === undefined ? {} : { paused }),
  }));

/** A stored workload whose marks are often bound. */
const someOld = fc.tuple(someTraits, fc.boolean()).map(([traits, bind]) => {
  if (!bind) return aDeployment(traits);
  const bound = {
    [marks.releaseHash]: hashOf(traits.template ?? aTemplate('web:1')),
    [marks.release]: 'web-3',
    [marks.stableHash]: hashOf('web:1'),
  };
  return aDeployment({ ...traits, annotations: { ...traits.annotations, ...bound } });
});
const someObject = someTraits.map(aDeployment);

describe('whatever is written', () => {
  it('only the pause and the marks are patched', () => {
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        const result = after(object, decide(anInput(old, object)));
        const others = (o: typeof object): unknown => ({
          ...o,
          spec: { ...o.spec, paused: undefined },
          metadata: {
            ...o.metadata,
            annotations: Object.fromEntries(
              Object.entries(o.metadata.annotations ?? {}).filter(([key]) => !isMark(key)),
            ),
          },
        });
        expect(others(result)).toEqual(others(object));
      }),
    );
  });

  it('asking again about our own answer changes nothing', () => {
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        const first = decide(anInput(old, object));
        const again = decide(anInput(old, after(object, first)));
        expect({ patch: again.patch, allowed: again.allowed }).toEqual({ patch: [], allowed: first.allowed });
      }),
      { numRuns: 300 },
    );
  });

  it('marks the client sends decide nothing and do not survive', () => {
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        // With a user's pause, our own answer must be distinguished from a pause that stays; see the next test.
        fc.pre(old.spec.paused !== true && object.spec.paused !== true);
        const clean = Object.fromEntries(
          Object.entries(object.metadata.annotations ?? {}).filter(([key]) => !isMark(key)),
        );
        const honest = { ...object, metadata: { ...object.metadata, annotations: clean } };
        const [x, y] = [decide(anInput(old, object)), decide(anInput(old, honest))];
        fc.pre(x.allowed);
        expect(readMarks(after(object, x).metadata.annotations)).toEqual(
          readMarks(after(honest, y).metadata.annotations),
        );
        expect(after(object, x).spec.paused ?? false).toBe(after(honest, y).spec.paused ?? false);
      }),
      { numRuns: 300 },
    );
  });

  it('marks of a client around a users own pause can do no more than resume', () => {
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        const clean = Object.fromEntries(
          Object.entries(object.metadata.annotations ?? {}).filter(([key]) => !isMark(key)),
        );
        const honest = { ...object, metadata: { ...object.metadata, annotations: clean } };
        const resumed = { ...honest, spec: { ...honest.spec, paused: false } };
        const decision = decide(anInput(old, object));
        fc.pre(decision.allowed);
        const outcomes = [honest, resumed].map((o) =>
          readMarks(after(o, decide(anInput(old, o))).metadata.annotations),
        );
        expect(outcomes).toContainEqual(readMarks(after(object, decision).metadata.annotations));
      }),
      { numRuns: 300 },
    );
  });

  it('Sluices own writes are not touched', () => {
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        expect(decide({ ...anInput(old, object), user: sluice })).toMatchObject({
          patch: [],
          warnings: [],
          allowed: true,
        });
      }),
    );
  });

  it('scaling is never patched and never denied', () => {
    fc.assert(
      fc.property(someOld, fc.integer({ min: 0, max: 9 }), (old, replicas) => {
        // A stored object has passed admission, so nothing about it is out of band.
        fc.pre(decide(anInput(old, old)).patch.length === 0);
        const scaled = { ...old, spec: { ...old.spec, replicas } };
        expect(decide(anInput(old, scaled))).toMatchObject({ allowed: true, patch: [] });
      }),
    );
  });

  it('a new template reaches unpaused pods only by a reason that is a row of its own', () => {
    const native = [
      'not-opted-in',
      'opted-out',
      'aborted',
      'withdrawn',
      'rolled-back',
      'skipped',
      'bootstrap',
      'known-good',
      'restarted',
    ];
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        const decision = decide(anInput(old, object));
        const result = after(object, decision);
        fc.pre(decision.allowed && templateHash(old.spec.template) !== templateHash(object.spec.template));
        expect(result.spec.paused === true || native.includes(decision.case)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('a template that goes on unpaused serves by our leave', () => {
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        const decision = decide(anInput(old, object));
        const result = after(object, decision);
        const moved = templateHash(old.spec.template) !== templateHash(object.spec.template);
        fc.pre(decision.allowed && moved && result.spec.paused !== true && optInOf(object.metadata).optedIn);
        const expected =
          decision.case === 'skipped'
            ? boundMarks(result)?.releaseHash
            : readMarks(result.metadata.annotations).admitted;
        expect(expected).toBe(templateHash(object.spec.template));
      }),
      { numRuns: 300 },
    );
  });

  it('a held workload always carries marks that are bound to its template', () => {
    const holding = [
      'released',
      'superseded',
      'failed-replaced',
      'resumed',
      'user-paused',
      'pause-kept',
      'failure-kept',
    ];
    fc.assert(
      fc.property(someOld, someObject, (old, object) => {
        const decision = decide(anInput(old, object));
        fc.pre(holding.includes(decision.case));
        const result = after(object, decision);
        expect(result.spec.paused).toBe(true);
        expect(boundMarks(result)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});
