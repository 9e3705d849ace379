/**
 * Warnings about objects that select stable's pods, would miss the canary's, and cannot be copied for them. The Release says
 * the same when it starts; here it is said to the person who writes.
 */
import { blockingProblem, protectionOf, type ProtectingObjects, type Uncovered } from '../protection/companions.ts';
import { selectorKeys } from '../release/apex.ts';
import { canaryLabelValue } from '../release/canary.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { Deployment } from '../../values/kube-object.ts';
import { sentence } from '../../values/problem.ts';
import type { DecideInput } from './facts.ts';

/** Objects of a namespace that may select its pods, of the kinds that the webhook reads. */
export type ProtectingIn = (namespace: string) => ProtectingObjects;

const shown = 5;

type Gaps = { readonly blocking: readonly Uncovered[]; readonly uncovered: readonly Uncovered[] };

/** What would miss a canary that differs from stable by this label. */
const gapsBy = ({ metadata, spec }: Deployment, objects: ProtectingObjects, key: string): Gaps => {
  const { namespace = '', name } = metadata;
  const stable = spec.template.metadata?.labels ?? {};
  const canary = { ...stable, [key]: canaryLabelValue(stable[key] ?? '') };
  const pods = { namespace, namespaceLabels: {}, stable, canary, identity: {} };
  return protectionOf(objects, pods, { workload: name, release: { name: '', uid: '' } });
};

const inEach = ([first = [], ...others]: readonly (readonly Uncovered[])[]): readonly Uncovered[] =>
  first.filter((one) => others.every((list) => list.some(({ kind, name }) => kind === one.kind && name === one.name)));

/**
 * Which label differs depends on the Service, which the webhook does not read. So only what would miss the canary whichever
 * label it is counts.
 */
const gapsOf = (workload: Deployment, objects: ProtectingObjects): Gaps => {
  const gaps = selectorKeys(workload).map((key) => gapsBy(workload, objects, key));
  return {
    blocking: inEach(gaps.map(({ blocking }) => blocking)),
    uncovered: inEach(gaps.map(({ uncovered }) => uncovered)),
  };
};

/** For a write that starts a release, or that brings the first version. */
export const uncoveredWarnings = (
  workload: Deployment,
  parsed: ParsedPolicy,
  { protecting, warningsUnused }: Pick<DecideInput, 'protecting' | 'warningsUnused'>,
): readonly string[] => {
  // Split by their number, canary pods keep every label.
  if (protecting === undefined || warningsUnused === true || !parsed.ok || parsed.splitBy === 'pods') return [];
  const objects = protecting(workload.metadata.namespace ?? '');
  if (objects.length === 0) return [];
  const { blocking, uncovered } = gapsOf(workload, objects);
  const where = parsed.splitBy === 'route' ? '' : 'where a route splits the traffic, ';
  const lines = [
    ...blocking.map((one) => `${where}the release does not start: ${sentence(blockingProblem(one))}`),
    ...uncovered.map(
      ({ kind, name, because }) =>
        `${where}the canary runs without ${kind} ${name}, which cannot be copied: ${because}`,
    ),
  ];
  const more = lines.length - shown;
  return more > 0 ? [...lines.slice(0, shown), `${more} more objects would miss the canary`] : lines;
};
