/** Finds the workloads that a policy governs, and writes the warnings about changing or deleting it. */
import { marks } from '../../schema/annotations.ts';
import { isOurs } from '../../schema/names.ts';
import type { KubeObject } from '../../values/kube-object.ts';
import type { SelectingPolicy } from './opt-in.ts';
import { plural, someOf } from '../../values/words.ts';

/** A workload, of which only the metadata is needed. */
export type Workload = Pick<KubeObject, 'metadata'>;

export type PolicyRef = {
  readonly kind: 'CanaryPolicy' | 'ClusterCanaryPolicy';
  /** Of a CanaryPolicy. */
  readonly namespace?: string;
  readonly name: string;
};

/**
 * What governs the releases of a workload: a policy (`CanaryPolicy/careful`), the defaults, a named policy that is
 * `missing`, or `nothing` for a workload that is not opted in.
 */
export type Governing = `${PolicyRef['kind']}/${string}` | 'defaults' | 'missing' | 'nothing';

/** Queries about workloads and policies, answered from caches. */
export type PolicyUse = {
  /** All workloads, in a namespace when one is given. */
  readonly workloads: (namespace?: string) => readonly Workload[];
  /** Workloads that the policy selects in namespaces where Sluice never releases. */
  readonly outOfReach: (policy: SelectingPolicy) => readonly Workload[];
  /** What governs a workload; with `without`, what would govern it if that policy did not exist. */
  readonly governing: (workload: Workload, without?: PolicyRef) => Governing;
};

const shown = 5;

/** Workloads that this policy governs now. */
export const governedBy = (policy: PolicyRef, use: PolicyUse): readonly Workload[] => {
  const name: Governing = `${policy.kind}/${policy.name}`;
  return use
    .workloads(policy.namespace)
    .filter((workload) => !isOurs(workload))
    .filter((workload) => use.governing(workload) === name);
};

const nameOf = ({ metadata }: Workload, { namespace }: PolicyRef): string =>
  namespace === undefined ? `${metadata.namespace ?? ''}/${metadata.name}` : metadata.name;

/** `3 workloads (api, web and worker)`, at most five of them by name. */
const counted = (workloads: readonly Workload[], policy: PolicyRef): string =>
  `${plural(workloads.length, 'workload')} (${someOf(workloads.map((workload) => nameOf(workload, policy)).sort(), shown)})`;

const after = (next: Governing, { name }: PolicyRef, many: boolean): string => {
  const [their, they] = many ? ['their', 'they'] : ['its', 'it'];
  switch (next) {
    case 'missing':
      return `${their} next change of the pod template is held until there is a policy ${name} again, or ${they} name${many ? '' : 's'} another`;
    case 'defaults':
      return `from now on the defaults say how ${they} ${many ? 'are' : 'is'} released`;
    case 'nothing':
      return `from now on ${they} roll${many ? '' : 's'} natively, without canary releases`;
    default:
      return `from now on ${next} says how ${they} ${many ? 'are' : 'is'} released`;
  }
};

/** Warnings about the deletion of a policy. Empty if no workload uses it. */
export const deletionWarnings = (policy: PolicyRef, use: PolicyUse): readonly string[] => {
  const governed = governedBy(policy, use);
  const byNext = Map.groupBy(governed, (workload) => use.governing(workload, policy));
  const fates = [...byNext].map(
    ([next, workloads]) =>
      `${policy.kind} ${policy.name} is in use by ${counted(workloads, policy)}: ${after(next, policy, workloads.length > 1)}`,
  );
  return [...fates, ...runningWarnings(policy, governed)];
};

/** Warnings about a policy that selects workloads in system namespaces or in Sluice's own. */
export const outOfReachWarnings = (policy: SelectingPolicy | undefined, use: PolicyUse): readonly string[] => {
  const found = policy === undefined ? [] : use.outOfReach(policy).filter((workload) => !isOurs(workload));
  if (policy === undefined || found.length === 0) return [];
  const [ref, many] = [{ kind: policy.kind, name: policy.name }, found.length > 1];
  return [
    `${policy.kind} ${policy.name} fits ${counted(found, ref)} in system namespaces, which Sluice never releases: ${many ? 'they roll' : 'it rolls'} natively`,
  ];
};

/** Warnings about a change of a policy. Empty if no running release keeps the old version. */
export const changeWarnings = (policy: PolicyRef, use: PolicyUse): readonly string[] =>
  runningWarnings(policy, governedBy(policy, use));

/**
 * The name of the workload's running release. A release that waits for the user's resume does not count, because it has not
 * read its policy yet.
 */
const runningRelease = ({ metadata }: Workload): string | undefined => {
  const phase = metadata.annotations?.[marks.phase];
  return phase === undefined || phase === 'Promoting' ? metadata.annotations?.[marks.release] : undefined;
};

const runningWarnings = (policy: PolicyRef, governed: readonly Workload[]): readonly string[] => {
  const running = governed.flatMap((workload) => {
    const release = runningRelease(workload);
    return release === undefined ? [] : [`${release} of ${nameOf(workload, policy)}`];
  });
  if (running.length === 0) return [];
  const keep = running.length === 1 ? 'release under way keeps' : 'releases under way keep';
  return [
    `${running.length} ${keep} the policy as it was when it started (${someOf(running.sort(), shown)}); Pending and later releases use the policy as it is when they start`,
  ];
};
