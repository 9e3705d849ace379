/**
 * Finds routes that handle the traffic of the apex and cannot be split. A second route for the same callers would have no
 * effect, or would divert traffic from where the owner of the first sends it, so the release does not start.
 */
import { isA } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import { anyName, means, type ServiceName } from '../values/route-format.ts';
import type { Live, Target, Use } from '../ports/traffic.ts';
import { type Placed, type Roles } from './roles.ts';
import { isMade } from '../schema/names.ts';

const apexOf = ({ namespace, apex }: Target): ServiceName => ({ namespace, name: apex.metadata.name });

type Claimant = Placed & { readonly exact: boolean };

/** Routes in any namespace, not made by Sluice, that handle the requests for the apex. */
export const claimants = (uses: readonly Use[], target: Target, live: Live): readonly Claimant[] =>
  uses.flatMap((use) =>
    [...live.values()].flatMap((object) => {
      if (use.format === undefined || !isA(object, use.gvk) || isMade(object)) return [];
      const claims = use.format.claims(object).filter((claim) => means(claim, apexOf(target)));
      if (claims.length === 0) return [];
      return [{ use, object, exact: claims.some(({ name }) => name !== anyName) }];
    }),
  );

const nameOf = ({ object: { metadata } }: Placed): ServiceName => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

const isSame = (a: ServiceName, b: ServiceName): boolean => a.name === b.name && a.namespace === b.namespace;

const sendsTo = (target: Target, { use, object }: Placed): boolean =>
  use.format?.about(object).some((service) => isSame(service, apexOf(target))) === true;

/** Problems with routes other than those that are split. */
export const claimProblems = (
  uses: readonly Use[],
  target: Target,
  live: Live,
  { adopted }: Roles,
): readonly Problem[] => {
  const isAdopted = ({ object }: Placed): boolean => adopted.some((one) => one.object === object);
  const leadsToAdopted = ({ use, object }: Placed): boolean =>
    (use.format?.delegates(object) ?? []).some((leaf) => adopted.some((one) => isSame(nameOf(one), leaf)));
  const isSplit = (one: Claimant): boolean => isAdopted(one) || leadsToAdopted(one);
  const all = claimants(uses, target, live);
  const around = { adopted, split: all.filter(isSplit) };
  return all.filter((one) => !isSplit(one) && isInTheWay(target, one, around)).map((one) => problem(target, one));
};

type Around = { readonly adopted: readonly Placed[]; readonly split: readonly Claimant[] };

/**
 * Where no route is split, any route that handles the apex is in the way. Beside a split route for the same callers,
 * another route for the same host is in the way, because only one of them takes effect; a wildcard host is not, because it
 * has lower precedence. Beside a split route for other callers, such as those of a gateway, a route that never sends to the
 * apex takes no traffic away from it.
 */
const isInTheWay = (target: Target, one: Claimant, { adopted, split }: Around): boolean => {
  if (adopted.length === 0) return true;
  if (split.some(({ exact }) => exact)) return one.exact;
  return sendsTo(target, one);
};

const problem = (target: Target, one: Claimant): Problem => {
  const { metadata, kind } = one.object;
  const apex = target.apex.metadata.name;
  const elsewhere = metadata.namespace === target.namespace ? '' : ` in namespace ${metadata.namespace ?? ''}`;
  const field = `${kind}/${metadata.name}${elsewhere}`;
  if (one.use.format?.isReadable(one.object) === false)
    return {
      field,
      rule: `decides on the requests for the Service ${apex}, and is nested too deep to be read`,
      todo: 'Write it with less nesting.',
    };
  if (sendsTo(target, one))
    return {
      field,
      rule: `decides on the requests for the Service ${apex}, and only routes in the namespace of the workload are split`,
      todo: `Move it to the namespace ${target.namespace}, or take the Service out of its hosts.`,
    };
  return {
    field,
    rule: `decides on the requests for the Service ${apex} and sends none of them to it, so a split would have no effect`,
    todo: `Let one of its rules send to ${apex}, or take the Service out of it so that Sluice makes a route of its own.`,
  };
};
