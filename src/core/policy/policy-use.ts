/** Which workloads a policy governs, and what becomes of them when it changes or goes, for people to read. */
import { marks } from '../../schema/annotations.ts';
import { isOurs } from '../../schema/names.ts';
import type { KubeObject } from '../../values/kube-object.ts';
import type { SelectingPolicy } from './opt-in.ts';
import { plural, someOf } from '../../values/words.ts';

/** As much of a workload as its metadata says. */
export type Workload = Pick<KubeObject, 'metadata'>;

export type PolicyRef = {
  readonly kind: 'CanaryPolicy' | 'ClusterCanaryPolicy';
  /** Of a CanaryPolicy. */
  readonly namespace?: string;
  readonly name: string;
};

/**
 * What says how a workload is released: a policy (`CanaryPolicy/careful`), the defaults, a policy that it names and that
 * is `missing`, or nothing, since it has not asked for canary releases.
 */
export type Governing = `${PolicyRef['kind']}/${string}` | 'defaults' | 'missing' | 'nothing';

/** Who is there to be governed. Answered from caches. */
export type PolicyUse = {
  /** All workloads, in a namespace when one is given. */
  readonly workloads: (namespace?: string) => readonly Workload[];
  /** Workloads that the policy selects where Sluice never releases anything. */
  readonly outOfReach: (policy: SelectingPolicy) => readonly Workload[];
  /** With `without`: what it would be if that policy were not there. */
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

/** Said to whoever deletes the policy. Empty when nobody uses it. */
export const deletionWarnings = (policy: PolicyRef, use: PolicyUse): readonly string[] => {
  const governed = governedBy(policy, use);
  const byNext = Map.groupBy(governed, (workload) => use.governing(workload, policy));
  const fates = [...byNext].map(
    ([next, workloads]) =>
      `${policy.kind} ${policy.name} is in use by ${counted(workloads, policy)}: ${after(next, policy, workloads.length > 1)}`,
  );
  return [...fates, ...runningWarnings(policy, governed)];
};

/** Said to whoever writes a policy that fits workloads of system namespaces, or of Sluice's own. */
export const outOfReachWarnings = (policy: SelectingPolicy | undefined, use: PolicyUse): readonly string[] => {
  const found = policy === undefined ? [] : use.outOfReach(policy).filter((workload) => !isOurs(workload));
  if (policy === undefined || found.length === 0) return [];
  const [ref, many] = [{ kind: policy.kind, name: policy.name }, found.length > 1];
  return [
    `${policy.kind} ${policy.name} fits ${counted(found, ref)} in system namespaces, which Sluice never releases: ${many ? 'they roll' : 'it rolls'} natively`,
  ];
};

/** Said to whoever changes the policy. Empty when no release is under way that keeps the old one. */
export const changeWarnings = (policy: PolicyRef, use: PolicyUse): readonly string[] =>
  runningWarnings(policy, governedBy(policy, use));

/** The release's name where one is under way: one that waits for the user to resume has not read its policy yet. */
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
    `${running.length} ${keep} the policy as it was when it started (${someOf(running.sort(), shown)}); one that is still Pending, and later ones, go by what is there then`,
  ];
};
