import { marks } from '../../src/schema/annotations.ts';
import type { CaseName } from '../../src/core/admission/decide.ts';
import type { Deployment, Labels } from '../../src/values/kube-object.ts';
import { restartedAt } from '../../src/core/template/restart-only.ts';
import { aDeployment, aTemplate, type DeploymentTraits } from './a-deployment.ts';
import { alice, hashOf, optIn } from './admission-input.ts';

export const h = { v0: hashOf('web:0'), v1: hashOf('web:1'), v2: hashOf('web:2'), v3: hashOf('web:3') };
export const asked = (user: string): string =>
  JSON.stringify({ user, tool: 'kubectl-client-side-apply', at: '2026-01-02T03:04:05.000Z' });

/** Marks of a release of web:2 over web:1. */
export const markedV2 = (more: Labels = {}): Labels => ({
  ...optIn,
  [marks.stableHash]: h.v1,
  [marks.releaseHash]: h.v2,
  [marks.release]: 'web-5',
  [marks.requestedBy]: asked('bob'),
  ...more,
});
export const known: Labels = { [marks.knownGood]: `${h.v1},${h.v0}` };
export const idle: DeploymentTraits = { image: 'web:1', annotations: optIn };
export const running: DeploymentTraits = { image: 'web:2', annotations: markedV2(), paused: true };
export const failed: DeploymentTraits = { ...running, annotations: markedV2({ [marks.phase]: 'Failed' }) };
export const userPaused: DeploymentTraits = { ...running, annotations: markedV2({ [marks.phase]: 'UserPaused' }) };
export const promoting: DeploymentTraits = { image: 'web:2', annotations: markedV2({ [marks.phase]: 'Promoting' }) };
export const skippedV2: DeploymentTraits = { image: 'web:2', annotations: markedV2({ [marks.phase]: 'Skipped' }) };
export const restarted = (image: string): DeploymentTraits => {
  const template = aTemplate(image);
  return { template: { ...template, metadata: { ...template.metadata, annotations: { [restartedAt]: 'now' } } } };
};

/** What is remembered of web:2. */
export const failedV2 = `${h.v2}:web-5:Failed`;
/** It was put back: web:1 serves. */
export const putBack: DeploymentTraits = { image: 'web:1', annotations: { ...optIn, [marks.failed]: failedV2 } };

export type Expected = { readonly paused: boolean; readonly marks: Labels };
/** The marks of a release this write asks for (generation 4 is the old object's). */
export const fresh = (stable: string, release: string, more: Labels = {}): Labels => ({
  stableHash: stable,
  releaseHash: release,
  release: 'web-5',
  requestedBy: asked(alice),
  ...more,
});
export const v2Marks: Labels = { stableHash: h.v1, releaseHash: h.v2, release: 'web-5', requestedBy: asked('bob') };
/** What an end that Alice puts to a release leaves, besides what serves now. */
export const endedByAlice: Labels = { requestedBy: asked(alice) };
/** One UPDATE of a workload, and what becomes of it. */
export type Row = {
  /** A sentence. */
  readonly name: string;
  readonly old: DeploymentTraits;
  /** What the client changes; annotations are given whole, less those to `drop`. */
  readonly new: DeploymentTraits & { readonly drop?: readonly string[] };
  readonly case: CaseName;
  readonly result: Expected;
};

/** The objects of a row, as the API server would show them: what is stored, and what the client wants. */
export const objectsOf = ({ old: before, new: wanted }: Row): { old: Deployment; object: Deployment } => {
  const { drop = [], ...change } = wanted;
  const { annotations = {}, ...merged } = { ...before, ...change };
  const kept = Object.entries(annotations).filter(([key]) => !drop.includes(key));
  return { old: aDeployment(before), object: aDeployment({ ...merged, annotations: Object.fromEntries(kept) }) };
};
