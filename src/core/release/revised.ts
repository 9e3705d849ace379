/**
 * A release that has not started yet uses the current policy, so a user can fix the policy while the release is Pending.
 * The spec is immutable and records what was asked for. So the status stores the policy that replaces it.
 */
import { canonicalJson } from '../template/canonical-json.ts';
import type { Release, ReleaseSpec, ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import { withStatus } from './state.ts';

type Policy = Pick<ReleaseSpec, 'policy' | 'plan' | 'policyName'>;

/** Keyed by the cached Release, so that the same spec stays the same object. */
const merged = new WeakMap<Release, ReleaseSpec>();

/** The spec with the policy that the release goes by. */
export const specOf = (release: Release): ReleaseSpec => {
  const revised = release.status?.revised;
  if (revised === undefined) return release.spec;
  const known = merged.get(release);
  if (known !== undefined) return known;
  const { policyName: _name, ...asked } = release.spec;
  const spec = { ...asked, ...revised };
  merged.set(release, spec);
  return spec;
};

/** Whether the Release has no plan yet because its policy was missing or invalid when it was created. */
export const lacksPolicy = ({ plan, recordOf }: Pick<ReleaseSpec, 'plan' | 'recordOf'>): boolean =>
  plan === undefined && recordOf === undefined;

const text = ({ policy, policyName }: Policy): string =>
  canonicalJson({ policy, ...(policyName === undefined ? {} : { policyName }) });

/**
 * The status of a release that has not started, with the current policy; undefined if it uses that policy already. The
 * time in which it must start begins again, because somebody has just changed something.
 */
export const revisedStatus = (
  status: ReleaseStatus,
  { spec, wanted }: { readonly spec: Policy; readonly wanted: Policy },
  now: Instant,
): ReleaseStatus | undefined =>
  spec.plan !== undefined && text(spec) === text(wanted)
    ? undefined
    : withStatus(status, { revised: wanted, phaseEnteredAt: toRfc3339(now) });
