import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { aDeployment, aTemplate, type DeploymentTraits } from '../../../test/support/a-deployment.ts';
import { hashOf, optIn } from '../../../test/support/admission-input.ts';
import { failed, h, markedV2, promoting, running, userPaused } from '../../../test/support/admission-traits.ts';
import { annotations as keys, marks } from '../../schema/annotations.ts';
import type { Deployment, Labels } from '../../values/kube-object.ts';
import { optInOf } from '../policy/opt-in.ts';
import { annotationPatch } from '../admission/json-patch.ts';
import { markEdits, readMarks, type Marks } from '../marks/marks.ts';
import {
  isOutOfBand,
  ruleOnOutOfBand,
  type OpenRelease,
  type ServedTemplates,
  type OutOfBandInput,
} from './out-of-band.ts';

const admitted = (hash: string): Labels => ({ [marks.admitted]: hash });
const open: OpenRelease = { name: 'web-5', templateHash: h.v2, stableHash: h.v1, ends: false };
const inputOf = (traits: DeploymentTraits, release?: OpenRelease): OutOfBandInput => {
  const workload = aDeployment(traits);
  return {
    workload,
    optedIn: optInOf(workload.metadata).optedIn,
    ...(release === undefined ? {} : { open: release }),
  };
};
const serving = (...hashes: readonly string[]): ServedTemplates =>
  hashes.map((hash, index) => ({ hash, active: index === 0 }));

const workloadAfter = (
  workload: Deployment,
  ruling: { readonly paused: boolean | 'as-is'; readonly marks: Marks },
): Deployment => {
  const patch = annotationPatch(workload.metadata.annotations, markEdits(ruling.marks));
  const marked = jsonPatch.applyPatch(workload, [...patch], true, false).newDocument;
  if (ruling.paused === 'as-is') return marked;
  return { ...marked, spec: { ...marked.spec, paused: ruling.paused } };
};

type Row = readonly [
  name: string,
  workload: DeploymentTraits,
  around: { readonly served: ServedTemplates; readonly open?: OpenRelease; readonly slow?: boolean },
  decided: string,
  expected: { readonly paused: boolean; readonly marks: Marks; readonly bypasses?: string },
];

const fresh = { stableHash: h.v1, releaseHash: h.v3, release: 'web-5' };
const v3Held = (more: Labels = {}): DeploymentTraits => ({ ...running, image: 'web:3', annotations: markedV2(more) });

const table: readonly Row[] = [
  [
    'an idle one that rolled natively is recorded, and what it replaced is known to be good',
    { image: 'web:2', annotations: { ...optIn, ...admitted(h.v1) } },
    { served: serving(h.v2, h.v1) },
    'bypassed',
    { paused: false, marks: { admitted: h.v2, knownGood: h.v1 }, bypasses: h.v1 },
  ],
  [
    'so is one that rolled over a release',
    { image: 'web:3', annotations: { ...optIn, ...admitted(h.v1) } },
    { served: serving(h.v3, h.v1), open },
    'bypassed',
    { paused: false, marks: { admitted: h.v3, knownGood: h.v1 }, bypasses: h.v1 },
  ],
  [
    'also where a replace dropped every mark: the Release knows what served',
    { image: 'web:3', annotations: optIn },
    { served: serving(h.v3, h.v1), open },
    'bypassed',
    { paused: false, marks: { admitted: h.v3, knownGood: h.v1 }, bypasses: h.v1 },
  ],
  [
    'and one that rolled over a promotion',
    { image: 'web:3', annotations: { ...promoting.annotations, ...admitted(h.v1) } },
    { served: serving(h.v3, h.v2, h.v1), open },
    'bypassed',
    { paused: false, marks: { admitted: h.v3, knownGood: h.v1 }, bypasses: h.v1 },
  ],
  [
    'a failed template that was unpaused is recorded',
    { ...failed, paused: false, annotations: { ...failed.annotations, ...admitted(h.v1) } },
    { served: serving(h.v2, h.v1) },
    'failed-unpaused',
    { paused: false, marks: { admitted: h.v2, knownGood: h.v1 }, bypasses: h.v1 },
  ],
  [
    'a template that no ReplicaSet recognises is read differently, and not another one',
    { image: 'web:2', annotations: { ...optIn, ...admitted('before-the-upgrade') } },
    { served: serving(h.v2) },
    'renewed',
    { paused: false, marks: { admitted: h.v2 } },
  ],
  [
    'another template in the middle of a release is taken up',
    v3Held(),
    { served: serving(h.v1), open },
    'changed-again',
    { paused: true, marks: fresh },
  ],
  [
    'and after a failure',
    v3Held({ [marks.phase]: 'Failed' }),
    { served: serving(h.v1) },
    'changed-again',
    { paused: true, marks: fresh },
  ],
  [
    'a release whose marks lost their binding starts anew over what serves now',
    { ...running, annotations: markedV2({ [marks.releaseHash]: 'old', [marks.stableHash]: 'older' }) },
    { served: serving(h.v1), open: { ...open, templateHash: 'old', stableHash: 'older' } },
    'changed-again',
    { paused: true, marks: { stableHash: h.v1, releaseHash: h.v2, release: 'web-5' } },
  ],
  [
    'a failed one stays held',
    {
      ...running,
      annotations: markedV2({ [marks.releaseHash]: 'old', [marks.stableHash]: 'older', [marks.phase]: 'Failed' }),
    },
    { served: serving(h.v1) },
    'still-failed',
    { paused: true, marks: { stableHash: h.v1, releaseHash: h.v2, release: 'web-5', phase: 'Failed' } },
  ],
  [
    'the stable template ends the release',
    { ...running, image: 'web:1' },
    { served: serving(h.v1), open },
    'came-back',
    { paused: false, marks: { admitted: h.v1 } },
  ],
  [
    'the stable template under the users pause leaves the pause alone',
    { ...userPaused, image: 'web:1' },
    { served: serving(h.v1) },
    'came-back',
    { paused: true, marks: { admitted: h.v1 } },
  ],
  [
    'a known good template rolls back',
    v3Held({ [marks.knownGood]: h.v3 }),
    { served: serving(h.v1), open },
    'known-good',
    { paused: false, marks: { admitted: h.v3, knownGood: h.v3 } },
  ],
  [
    'where the policy says so it is canaried',
    v3Held({ [marks.knownGood]: h.v3 }),
    { served: serving(h.v1), open, slow: true },
    'changed-again',
    { paused: true, marks: { ...fresh, knownGood: h.v3 } },
  ],
  [
    'opted out with another template, it is let go',
    v3Held({ [keys.canary]: 'disabled' }),
    { served: serving(h.v1), open },
    'opted-out',
    { paused: false, marks: {} },
  ],
  [
    'an edit under the users pause waits for them',
    { image: 'web:2', paused: true, annotations: { ...optIn, ...admitted(h.v1) } },
    { served: serving(h.v1) },
    'user-paused',
    {
      paused: true,
      marks: { admitted: h.v1, stableHash: h.v1, releaseHash: h.v2, release: 'web-5', phase: 'UserPaused' },
    },
  ],
  [
    'a second edit too',
    { ...userPaused, image: 'web:3' },
    { served: serving(h.v1) },
    'user-paused',
    { paused: true, marks: { ...fresh, phase: 'UserPaused' } },
  ],
  [
    'and one under a pause in the middle of a promotion, over the promoted template',
    { ...promoting, image: 'web:3', paused: true },
    { served: serving(h.v2, h.v1), open },
    'user-paused',
    { paused: true, marks: { ...fresh, stableHash: h.v2, phase: 'UserPaused' } },
  ],
  [
    'marks that somebody took off a held template are put back',
    { image: 'web:2', paused: true, annotations: { ...optIn, ...admitted(h.v1) } },
    { served: serving(h.v1), open },
    'marked-again',
    { paused: true, marks: { admitted: h.v1, stableHash: h.v1, releaseHash: h.v2, release: 'web-5' } },
  ],
];

describe('a workload that has come in past the webhook', () => {
  it.each(table.map((row) => ({ name: row[0], row })))('$name', ({ row }) => {
    const [, traits, { served, open: release, slow = false }, decided, expected] = row;
    const input = inputOf(traits, release);
    expect(isOutOfBand(input)).toBe(true);
    const ruling = ruleOnOutOfBand(input, { served, fast: !slow });
    expect(ruling?.case).toBe(decided);
    if (ruling === undefined) return;
    const result = workloadAfter(input.workload, ruling);
    const { bypasses } = ruling;
    expect({
      paused: result.spec.paused ?? false,
      marks: readMarks(result.metadata.annotations),
      ...(bypasses === undefined ? {} : { bypasses }),
    }).toEqual(expected);
  });

  it('has a row for every ruling', () => {
    expect(new Set(table.map(([, , , decided]) => decided)).size).toBe(10);
  });
});

describe('a workload that is where Sluice left it', () => {
  const settled: readonly (readonly [string, DeploymentTraits, OpenRelease?])[] = [
    ['never admitted', { annotations: optIn }],
    ['never admitted and changed', { image: 'web:2', annotations: optIn }],
    ['idle', { annotations: { ...optIn, ...admitted(h.v1) } }],
    ['idle on a known good template', { annotations: { ...optIn, ...admitted(h.v2), [marks.knownGood]: h.v1 } }],
    ['paused by the user', { paused: true, annotations: { ...optIn, ...admitted(h.v1) } }],
    ['held', running, open],
    [
      'held and not opted in any longer: its release runs its course',
      { ...running, annotations: markedV2({ [keys.canary]: 'disabled' }) },
      open,
    ],
    ['failed', failed],
    ['rolling for a promotion', promoting, open],
    ['edited under the users pause', userPaused],
    ['rolled back, and not recorded yet', { image: 'web:2', annotations: markedV2({ [marks.phase]: 'RolledBack' }) }],
    ['unpaused in the middle of a release: the Release ends as bypassed', { ...running, paused: false }, open],
    ['the same without its marks', { image: 'web:2', annotations: { ...optIn, ...admitted(h.v1) } }, open],
    ['gone back in the middle of a release', { annotations: { ...optIn, ...admitted(h.v0) } }, open],
    [
      'paused by the user on the template of a release that ends',
      { ...running, annotations: { ...optIn, ...admitted(h.v2) } },
      { ...open, ends: true },
    ],
    ['not opted in', { annotations: { ...admitted(h.v0), [keys.canary]: 'disabled' } }],
  ];
  it.each(settled.map(([name, traits, release]) => ({ name, traits, release })))('$name', ({ traits, release }) => {
    expect(isOutOfBand(inputOf(traits, release))).toBe(false);
    expect(ruleOnOutOfBand(inputOf(traits, release), { served: serving(h.v1), fast: true })).toBeUndefined();
  });
});

describe('whatever is found', () => {
  const images = ['web:0', 'web:1', 'web:2', 'web:3'];
  const hash = fc.constantFrom(...images.map(hashOf), 'unknown');
  const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
  const annotations = fc
    .record({
      [keys.canary]: some(fc.constantFrom('enabled', 'enabled', 'disabled')),
      [marks.stableHash]: some(hash),
      [marks.releaseHash]: some(hash),
      [marks.release]: some(fc.constantFrom('web-4', 'web-5')),
      [marks.phase]: some(fc.constantFrom('Failed', 'Promoting', 'Skipped', 'UserPaused', 'Restarted', 'Strange')),
      [marks.knownGood]: some(hash),
      [marks.admitted]: some(hash),
    })
    .map((all) =>
      Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    );
  const release = fc.record({ name: fc.constant('web-4'), templateHash: hash, stableHash: hash, ends: fc.boolean() });
  const anything = fc.record({
    image: fc.constantFrom(...images),
    paused: fc.boolean(),
    annotations,
    open: some(release),
    served: fc.array(fc.record({ hash, active: fc.boolean() }), { maxLength: 4 }),
    fast: fc.boolean(),
  });

  it('no ruling has to be made twice, and none pauses what rolls', () => {
    fc.assert(
      fc.property(anything, ({ open: found, served, fast, image, ...traits }) => {
        const input = inputOf({ ...traits, template: aTemplate(image) }, found);
        const ruling = ruleOnOutOfBand(input, { served, fast });
        fc.pre(ruling !== undefined);
        const after = workloadAfter(input.workload, ruling);
        // If the marks of a release that the user paused were inert, the next ruling may find the open Release.
        const again = ruleOnOutOfBand({ ...input, workload: after }, { served, fast });
        expect(['marked-again', undefined]).toContain(again?.case);
        expect(isOutOfBand({ ...input, workload: workloadAfter(after, again ?? ruling) })).toBe(false);
        expect(after.spec.paused === true && input.workload.spec.paused !== true).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('what is held is bound to its template, or let go', () => {
    fc.assert(
      fc.property(anything, ({ open: found, served, fast, image, ...traits }) => {
        const input = inputOf({ ...traits, template: aTemplate(image) }, found);
        const ruling = ruleOnOutOfBand(input, { served, fast });
        fc.pre(ruling !== undefined && ruling.marks.release !== undefined);
        expect(ruling.marks.releaseHash).toBe(hashOf(image));
      }),
      { numRuns: 1000 },
    );
  });
});
