/** Between what a target's split is: the two Services and, where routes name subsets of the apex, those that are the workload's own. */
import type { Between } from '../values/route-format.ts';
import type { Live, OwnSubsets, PlacedRule, Target, TrafficProvider } from '../ports/traffic.ts';
import type { Roles } from './roles.ts';

/** With what cannot be told of them. */
export type Told = { readonly between: Between; readonly problems: OwnSubsets['problems'] };

const rulesIn = ({ adopted }: Roles, apex: string): readonly PlacedRule[] =>
  adopted.flatMap(({ use: { format }, object }) =>
    (format?.subsetsOf(object, apex) ?? []).map((rule) => ({
      ...rule,
      route: `${object.kind}/${object.metadata.name}`,
    })),
  );

/** Subsets that are split now, as the routes remember. */
const splitNow = ({ adopted }: Roles, apex: string): readonly string[] =>
  adopted.flatMap(({ use: { format }, object }) =>
    (format?.read(object) ?? []).flatMap((carried) => (carried.apex === apex ? (carried.subsets ?? []) : [])),
  );

export const betweenOf = (
  { ownSubsets }: TrafficProvider,
  target: Target,
  { roles, live }: { readonly roles: Roles; readonly live: Live },
): Told => {
  const { canaryService } = target;
  const apex = target.apex.metadata.name;
  const rules = rulesIn(roles, apex);
  if (rules.length === 0) return { between: { apex, canaryService }, problems: [] };
  const asked = { target, live, rules, before: [...new Set(splitNow(roles, apex))] };
  const { own, problems } = ownSubsets?.(asked) ?? { own: asked.before, problems: [] };
  return { between: { apex, canaryService, subsets: own }, problems };
};
