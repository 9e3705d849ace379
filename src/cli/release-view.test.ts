import { describe, expect, it } from '@jest/globals';
import { aDeployment, aHeldDeployment, aRelease, at } from '../../test/support/plugin-doubles.ts';
import { annotations, marks } from '../schema/annotations.ts';
import { currentRelease, markedRelease, needsAttention, newestPerWorkload, releaseView } from './release-view.ts';

const old = releaseView(aRelease({ name: 'web-2', createdAt: at(-900) }));
const young = releaseView(aRelease({ name: 'web-9', createdAt: at(-60) }));
const twin = releaseView(aRelease({ name: 'web-10', createdAt: at(-60) }));
const other = releaseView(
  aRelease({ name: 'api-3', createdAt: at(-5), spec: { workload: { kind: 'Deployment', name: 'api', uid: 'u' } } }),
);
const all = [young, other, old];

describe('the release a name stands for', () => {
  it('is the newest of the workload', () => expect(currentRelease(aDeployment(), all)).toBe(young));
  it('is the one of the higher number, of two made in the same second', () =>
    expect(currentRelease(aDeployment(), [twin, young])).toBe(twin));
  it('is the marked one, even when another is newer', () =>
    expect(currentRelease(aHeldDeployment('web-2'), all)).toBe(old));
  it('is none while the marked one has not been made', () =>
    expect(currentRelease(aHeldDeployment('web-11'), all)).toBeUndefined());
  it('is none where there has been none', () => expect(currentRelease(aDeployment(), [other])).toBeUndefined());

  it('is not decided by marks of another template', () => {
    const stale = aDeployment({
      annotations: {
        [annotations.canary]: 'enabled',
        [marks.stableHash]: 'a',
        [marks.releaseHash]: 'b',
        [marks.release]: 'web-2',
      },
    });
    expect(markedRelease(stale)).toBeUndefined();
    expect(currentRelease(stale, all)).toBe(young);
  });
});

describe('many releases', () => {
  it('come down to the newest of each workload, by name', () =>
    expect(newestPerWorkload([...all, twin]).map(({ name }) => name)).toEqual(['api-3', 'web-10']));

  it('are told apart by namespace', () => {
    const elsewhere = releaseView(aRelease({ namespace: 'test' }));
    expect(newestPerWorkload([elsewhere, young]).map(({ namespace }) => namespace)).toEqual(['shop', 'test']);
  });
});

it('a Release without a status is Pending', () => expect(young.status).toEqual({ phase: 'Pending' }));

it.each([
  ['Progressing', true],
  ['Failed', true],
  ['Succeeded', false],
  ['Aborted', false],
] as const)('%s needs attention: %s', (phase, expected) =>
  expect(needsAttention(releaseView(aRelease({ status: { phase } })))).toBe(expected),
);
