/**
 * Routes that decide on the traffic of the apex and cannot be split. A second route for the same callers would have no effect,
 * or take the traffic away from where its owner sends it, so a release does not begin.
 */
import { isA } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import { anyName, means, type ServiceName } from '../values/route-format.ts';
import type { Live, Target, Use } from '../ports/traffic.ts';
import { type Placed, type Roles } from './roles.ts';
import { isMade } from '../schema/names.ts';

const apexOf = ({ namespace, apex }: Target): ServiceName => ({ namespace, name: apex.metadata.name });

type Claimant = Placed & { readonly exact: boolean };

/** Routes of others that decide on the requests for the apex, split or not, in whichever namespace. */
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

/** What stands in the way of a split, besides what is wrong with the routes that are split. */
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
 * Without a route to be split, whatever decides for the apex. Beside one that decides for the same callers, another that does,
 * as only one of them has effect; a wildcard comes after it. Beside one for other callers, such as those of a gateway, what
 * never sends to the apex takes nothing away from it.
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
