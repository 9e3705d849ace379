/** Combines what the live routes of a target say. */
import type { Acceptance, Between } from '../values/route-format.ts';
import { noSplit, sameSplit, type Split } from '../values/split.ts';
import type { TrafficProvider, Use } from '../ports/traffic.ts';
import type { Placed, Roles } from './roles.ts';

const byFormat = ({ adopted, owned }: Roles): ReadonlyMap<Use, readonly Placed[]> => {
  const routes = [...adopted, ...owned].filter(({ use }) => use.format !== undefined);
  return Map.groupBy(routes, ({ use }) => use);
};

/** The one split that every format reads from its routes. */
export const observed = (roles: Roles, between: Between): Split | 'unknown' => {
  const told = [...byFormat(roles)].flatMap(
    ([{ format }, placed]) =>
      format?.observe(
        placed.map(({ object }) => object),
        between,
      ) ?? [],
  );
  const [first = noSplit] = told;
  if (first === 'unknown') return first;
  return told.every((split) => split !== 'unknown' && sameSplit(split, first)) ? first : 'unknown';
};

/** The combined state is the first of these that any route is in. */
const worstFirst = ['refused', 'pending', 'untold', 'accepted'] as const;

export const acceptanceOf = ({ can }: TrafficProvider, roles: Roles): Acceptance => {
  const told = [...byFormat(roles)].flatMap(([{ format }, placed]) =>
    placed.flatMap(({ object }) => format?.acceptance(object) ?? []),
  );
  const found = worstFirst.flatMap((state) => told.find((acceptance) => acceptance.state === state) ?? []);
  const why =
    can.splits === 'route' ? 'there is no route yet' : 'there is no route; the split is the ratio of ready pods';
  return found[0] ?? { state: 'untold', because: why };
};
