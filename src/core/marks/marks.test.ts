import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aDeployment } from '../../../test/support/a-deployment.ts';
import { hashOf } from '../../../test/support/admission-input.ts';
import { marks as keys } from '../../schema/annotations.ts';
import { annotationPatch } from '../admission/json-patch.ts';
import { boundMarks, knownGoodHashes, markEdits, readMarks, readRequester, withKnownGood } from './marks.ts';
import { releaseName } from '../admission/release-name.ts';

describe('marks', () => {
  const bound = { stableHash: 'a', releaseHash: hashOf('web:1'), release: 'web-5' };
  const annotated = (marks: Partial<typeof bound>): ReturnType<typeof aDeployment> =>
    aDeployment({
      annotations: Object.fromEntries(
        Object.entries(markEdits(marks)).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])),
      ),
    });

  it('are read as they are written', () => expect(readMarks(annotated(bound).metadata.annotations)).toEqual(bound));
  it('are bound to the template', () => expect(boundMarks(annotated(bound))).toEqual(bound));

  it.each<[string, Partial<typeof bound>]>([
    ['of another template', { ...bound, releaseHash: hashOf('web:2') }],
    ['without the stable hash', { releaseHash: bound.releaseHash, release: 'web-5' }],
    ['without a release', { stableHash: 'a', releaseHash: bound.releaseHash }],
    ['with an empty name', { ...bound, release: '' }],
  ])('are inert: %s', (_case, marks) => expect(boundMarks(annotated(marks))).toBeUndefined());

  it.each([
    [undefined, []],
    ['', []],
    ['a', ['a']],
    [' a, b,,', ['a', 'b']],
  ])('known good hashes of %p', (text, hashes) =>
    expect(knownGoodHashes(text === undefined ? undefined : { [keys.knownGood]: text })).toEqual(hashes),
  );

  it.each([undefined, '', 'x', 'null', '[]', '{}', '{"user":1,"at":"x"}'])(
    'nobody is known to have asked: %p',
    (text) => expect(readRequester(text)).toBeUndefined(),
  );
});

describe('the name of a release', () => {
  it('is the workload and the generation', () => expect(releaseName('web', 5)).toBe('web-5'));

  it('is a label value and an object name, and differs where workloads do', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?$/).filter((n) => !/[-.]\.|\.[-.]/.test(n));
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 1e9 }), (workload, generation) => {
        const release = releaseName(workload, generation);
        expect(release.length).toBeLessThanOrEqual(63);
        expect(release).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
        expect(release).not.toBe(releaseName(`${workload}a`, generation));
      }),
    );
  });
});

describe('annotations are patched with the least operations', () => {
  it.each([
    ['nothing to do', { a: '1' }, { a: '1', b: undefined }, []],
    ['no annotations and none wanted', undefined, { a: undefined }, []],
    [
      'the first one',
      undefined,
      { 'a/b': '1', c: undefined },
      [{ op: 'add', path: '/metadata/annotations', value: { 'a/b': '1' } }],
    ],
    ['one more', {}, { 'a/b~c': '1' }, [{ op: 'add', path: '/metadata/annotations/a~1b~0c', value: '1' }]],
    ['another value', { a: '1' }, { a: '2' }, [{ op: 'replace', path: '/metadata/annotations/a', value: '2' }]],
    ['one less', { a: '1', b: '2' }, { a: undefined }, [{ op: 'remove', path: '/metadata/annotations/a' }]],
  ])('%s', (_case, current, edits, patch) => expect(annotationPatch(current, edits)).toEqual(patch));

  it('a template is put at the head of the known good ones, once, and ten are kept', () => {
    const list = (text: string): Record<string, string> => ({ [keys.knownGood]: text });
    expect(withKnownGood(undefined, 'a')).toBe('a');
    expect(withKnownGood(list('b, c,a'), 'a', 'd')).toBe('a,d,b,c');
    const many = Array.from({ length: 12 }, (_, n) => `h${n}`);
    expect(withKnownGood(list(many.join(',')), 'a').split(',')).toEqual(['a', ...many.slice(0, 9)]);
  });
});
