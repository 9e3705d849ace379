import { describe, expect, it } from '@jest/globals';
import { aDeployment, type DeploymentTraits } from '../../../test/support/a-deployment.ts';
import { after, alice, anInput, optIn, sluice } from '../../../test/support/admission-input.ts';
import { heldRows } from '../../../test/support/admission-rows-held.ts';
import { nativeRows } from '../../../test/support/admission-rows-native.ts';
import {
  failed,
  h,
  idle,
  known,
  markedV2,
  objectsOf,
  promoting,
  running,
  userPaused,
} from '../../../test/support/admission-traits.ts';
import { annotations as keys, marks } from '../../schema/annotations.ts';
import type { Labels } from '../../values/kube-object.ts';
import { sentence } from '../../values/problem.ts';
import { decide, type Decision } from './decide.ts';
import { boundMarks, readMarks, readRequester } from '../marks/marks.ts';
import { rows } from './rows.ts';

const table = [...heldRows, ...nativeRows];
describe('an UPDATE of a workload', () => {
  it.each(table)('$name', (row) => {
    const { old, object } = objectsOf(row);
    const decision = decide(anInput(old, object));
    const result = after(object, decision);
    expect({ case: decision.case, problems: decision.problems }).toEqual({ case: row.case, problems: [] });
    // The `admitted` mark has its own table.
    const { admitted: _served, ...marked } = readMarks(result.metadata.annotations);
    expect({ paused: result.spec.paused ?? false, marks: marked }).toEqual(row.result);
    expect(decide(anInput(old, result)).patch).toEqual([]);
  });

  it('has a row for every case but those about who writes', () => {
    // What rolls alone is opted in by others, and what is resumed unjudged has no kind Release: each has tables of its own
    // (decide-opt-in.test.ts, decide-missing-releases.test.ts).
    const elsewhere: readonly string[] = ['rolls-alone', 'resumed-unjudged'];
    const others = rows.map((row) => row.case).filter((name) => !elsewhere.includes(name));
    expect(new Set(table.map((row) => row.case))).toEqual(new Set(others));
  });

  it('patches as little as it can', () => {
    const old = aDeployment({ ...idle, annotations: { ...optIn, other: 'x' } });
    const { patch } = decide(anInput(old, aDeployment({ image: 'web:2', annotations: { ...optIn, other: 'x' } })));
    expect(patch.map(({ op, path }) => `${op} ${path}`)).toEqual([
      'add /spec/paused',
      'add /metadata/annotations/sluice.dev~1stable-hash',
      'add /metadata/annotations/sluice.dev~1release-hash',
      'add /metadata/annotations/sluice.dev~1release',
      'add /metadata/annotations/sluice.dev~1admitted',
      'add /metadata/annotations/sluice.dev~1requested-by',
    ]);
  });

  it('leaves Sluices own writes alone', () => {
    const input = { ...anInput(aDeployment(running), aDeployment({ ...promoting, paused: false })), user: sluice };
    expect(decide(input)).toMatchObject({ case: 'own-write', patch: [], warnings: [], allowed: true });
  });

  it('leaves Sluices own objects alone', () => {
    const owned = { ...idle, labels: { 'app.kubernetes.io/managed-by': 'sluice' } };
    const input = anInput(aDeployment(owned), aDeployment({ ...owned, image: 'web:2' }));
    expect(decide(input)).toMatchObject({ case: 'own-object', patch: [], allowed: true });
  });

  it('says who asked, with which tool, and when', () => {
    const result = after(
      aDeployment({ ...idle, image: 'web:2' }),
      decide(anInput(aDeployment(idle), aDeployment({ ...idle, image: 'web:2' }))),
    );
    expect(readRequester(boundMarks(result)?.requestedBy)).toEqual({
      user: alice,
      tool: 'kubectl-client-side-apply',
      at: '2026-01-02T03:04:05.000Z',
    });
  });
});

describe('the template that serves by our leave', () => {
  const served = (hash: string, more: Labels = {}): Labels => ({ ...optIn, [marks.admitted]: hash, ...more });

  it.each<[string, DeploymentTraits, DeploymentTraits, string | undefined]>([
    ['is the present one when a workload opts in', { image: 'web:1' }, { annotations: optIn }, h.v1],
    [
      'whatever is left from before it opted out',
      { annotations: { [marks.admitted]: h.v0 } },
      { annotations: optIn },
      h.v1,
    ],
    ['and when it opts in with a change', { image: 'web:1' }, { image: 'web:2', annotations: optIn }, h.v1],
    ['stays while another is released', { annotations: served(h.v1) }, { image: 'web:2' }, h.v1],
    [
      'stays while the users pause holds another',
      { annotations: served(h.v1), paused: true },
      { image: 'web:2' },
      h.v1,
    ],
    [
      'stays when it is not what the workload has: that is for the controller to record',
      { image: 'web:2', annotations: served(h.v1) },
      { annotations: served(h.v1, { 'sluice.dev/steps': '10' }) },
      h.v1,
    ],
    [
      'is the one that is skipped to, once that is recorded',
      { annotations: served(h.v1) },
      { image: 'web:2', annotations: served(h.v1, { [keys.skip]: 'INC-1' }) },
      h.v1,
    ],
    ['is the new one where nothing served', { annotations: served(h.v1), available: 0 }, { image: 'web:2' }, h.v2],
    ['is the known good one', { image: 'web:2', annotations: served(h.v2, known) }, { image: 'web:0' }, h.v0],
    [
      'is stable after an abort',
      { ...running, annotations: markedV2({ [marks.admitted]: h.v0 }) },
      { image: 'web:1' },
      h.v1,
    ],
    ['cannot be sent by anybody', { annotations: served(h.v1) }, { image: 'web:2', annotations: served(h.v2) }, h.v1],
    ['is put back where a replace has dropped it', { annotations: served(h.v1) }, { annotations: optIn }, h.v1],
    ['is forgotten when a workload opts out', { annotations: served(h.v1) }, { annotations: {} }, undefined],
  ])('%s', (_name, before, change, expected) => {
    const object = aDeployment({ ...before, ...change });
    const result = after(object, decide(anInput(aDeployment(before), object)));
    expect(readMarks(result.metadata.annotations).admitted).toBe(expected);
  });
});

describe('what people are told', () => {
  it.each<[string, DeploymentTraits, DeploymentTraits, RegExp]>([
    [
      'who opts out of a failed release, that the failed template rolls',
      failed,
      { annotations: { ...failed.annotations, [keys.canary]: 'disabled' } },
      /^nothing asks .*: the template that has failed in release web-5 rolls natively now$/,
    ],
    [
      'who changes the policy in a release, that it goes on by the one it began with',
      running,
      { annotations: { ...running.annotations, 'sluice.dev/steps': '10' } },
      /^release web-5 goes on by the policy it started with; what is changed here counts from the next one on, and for this one only while it is Pending$/,
    ],
    [
      'who edits a paused workload that never served, that it rolls natively in the end',
      { ...idle, paused: true, available: 0 },
      { image: 'web:2' },
      /^the workload is paused by you: no pod .*, so this template rolls natively when you resume it with/,
    ],
    [
      'who goes back while they keep it paused, that no release begins',
      { image: 'web:2', paused: true, annotations: { ...optIn, ...known } },
      { image: 'web:1' },
      /^the workload is paused by you: this template was good before and rolls back natively when you resume it with/,
    ],
    [
      'who writes a mark, that it is not stored',
      running,
      { annotations: { ...running.annotations, [marks.releaseHash]: 'x', [marks.phase]: 'Promoting' } },
      /^sluice\.dev\/release-hash, sluice\.dev\/phase: kept by Sluice alone; what this write says there is not stored$/,
    ],
  ])('%s', (_who, before, change, words) => {
    const [old, object] = [aDeployment(before), aDeployment({ ...before, ...change })];
    const decision = decide(anInput(old, object));
    expect(decision.warnings).toEqual([expect.stringMatching(words)]);
    // On reinvocation, our own answer causes no warning about marks.
    const again = decide(anInput(old, after(object, decision))).warnings;
    expect(again.filter((line) => line.includes('kept by Sluice'))).toEqual([]);
  });

  it('who replaces the object by a manifest without marks, nothing of marks', () => {
    const object = aDeployment({ ...running, annotations: { ...optIn } });
    expect(decide(anInput(aDeployment(running), object))).toMatchObject({ case: 'kept', warnings: [] });
  });
});

describe('a CREATE', () => {
  const create = (traits: DeploymentTraits): Decision => {
    const { old: _old, ...input } = anInput(aDeployment(), aDeployment(traits));
    return decide({ ...input, operation: 'CREATE' });
  };

  it('rolls natively, and says that later changes will not', () => {
    const decision = create(idle);
    expect(decision).toMatchObject({ case: 'created', allowed: true });
    expect(readMarks(after(aDeployment(idle), decision).metadata.annotations)).toEqual({ admitted: h.v1 });
    expect(decision.warnings).toHaveLength(1);
  });

  it('that is paused rolls when it is resumed, and says so', () => {
    const { warnings } = create({ ...idle, paused: true });
    expect(warnings).toEqual([expect.stringMatching(/^the first version rolls natively when you resume it with /)]);
  });

  it('carries no marks in', () => {
    const object = aDeployment({ image: 'web:2', annotations: markedV2(known), paused: true });
    const result = after(object, create({ image: 'web:2', annotations: markedV2(known), paused: true }));
    const annotations = { ...optIn, [marks.admitted]: h.v2 };
    const { paused: _copied, ...spec } = object.spec;
    expect(result).toEqual({ ...object, spec, metadata: { ...object.metadata, annotations } });
  });

  it('leaves a pause without marks of a release to the user', () =>
    expect(create({ ...idle, paused: true }).patch.map(({ path }) => path)).not.toContain('/spec/paused'));

  it.each<[string, Labels, boolean]>([
    ['a wrong annotation', { ...optIn, 'sluice.dev/steps': '120' }, false],
    ['a misspelt opt-in', { 'sluice.dev/canray': 'enabled' }, false],
    ['a misspelt value of the opt-in', { 'sluice.dev/canary': 'enabeld' }, false],
    [
      'a wrong annotation on a workload that is switched off',
      { 'sluice.dev/canary': 'disabled', 'sluice.dev/steps': '120' },
      true,
    ],
    ['no annotation of ours', { other: 'x' }, true],
  ])('with %s', (_case, annotations, allowed) => expect(create({ annotations }).allowed).toBe(allowed));
});

describe('a policy that cannot be read', () => {
  const bad: Labels = { ...optIn, 'sluice.dev/steps': '120' };
  const badMarked = markedV2({ 'sluice.dev/steps': '120' });

  it.each<[string, DeploymentTraits, DeploymentTraits, boolean]>([
    ['denies a skip without a reason', idle, { image: 'web:2', annotations: { ...optIn, [keys.skip]: ' ' } }, false],
    ['denies a new template', { annotations: bad }, { image: 'web:2' }, false],
    ['denies the write that brings it in', { annotations: optIn }, { annotations: bad }, false],
    ['denies a new template during a release', { ...running, annotations: badMarked }, { image: 'web:3' }, false],
    [
      'denies a resume that would start a release',
      { ...userPaused, annotations: { ...badMarked, [marks.phase]: 'UserPaused' } },
      { paused: false },
      false,
    ],
    ['does not deny scaling', { annotations: bad }, { replicas: 9 }, true],
    ['does not deny a pause', { annotations: bad }, { paused: true }, true],
    ['does not deny an abort', { ...running, annotations: badMarked }, { image: 'web:1' }, true],
    [
      'does not deny the way back to a known good template',
      { image: 'web:2', annotations: { ...bad, ...known } },
      { image: 'web:0' },
      true,
    ],
    [
      'does not deny a skip',
      { annotations: bad },
      { image: 'web:2', annotations: { ...bad, [keys.skip]: 'INC-42' } },
      true,
    ],
    [
      'does not deny opting out',
      { ...running, annotations: badMarked },
      { annotations: { ...badMarked, [keys.canary]: 'disabled' } },
      true,
    ],
    ['does not deny a fix of what is broken', { annotations: bad, available: 0 }, { image: 'web:2' }, true],
  ])('%s', (_name, before, change, allowed) => {
    const decision = decide(anInput(aDeployment(before), aDeployment({ ...before, ...change })));
    expect(decision.allowed).toBe(allowed);
    expect(decision.patch.length === 0 || allowed).toBe(true);
  });

  it('is answered with every problem at once, in sentences', () => {
    const annotations = { ...bad, 'sluice.dev/interval': 'soon', 'sluice.dev/stepz': '1' };
    const { problems } = decide(anInput(aDeployment(idle), aDeployment({ annotations })));
    expect(problems.map((p) => p.field).sort()).toEqual([
      'sluice.dev/interval',
      'sluice.dev/steps',
      'sluice.dev/stepz',
    ]);
    expect(problems.map(sentence).join('\n')).toContain('sluice.dev/steps "120": ');
  });
});
