/**
 * The two sides of a target's split: the apex and canary Services and, where routes name subsets of the apex, the
 * workload's own subsets.
 */
import type { Neighbour } from '../values/behind.ts';
import type { ApexRule, Between } from '../values/route-format.ts';
import type { Live, OwnSubsets, SubsetRule, Target, TrafficProvider } from '../ports/traffic.ts';
import type { Roles } from './roles.ts';

export type Told = {
  readonly between: Between;
  /** Subsets of which it is not known whose pods they select. */
  readonly problems: OwnSubsets['problems'];
  /** Other workloads whose pods receive part of the split traffic. */
  readonly shared: readonly Neighbour[];
};

type Placed = ApexRule & { readonly route: string };

const rulesIn = ({ adopted }: Roles, apex: string): readonly Placed[] =>
  adopted.flatMap(({ use: { format }, object }) =>
    (format?.rulesFor(object, apex) ?? []).map((rule) => ({
      ...rule,
      route: `${object.kind}/${object.metadata.name}`,
    })),
  );

const namesSubset = (rule: Placed): rule is SubsetRule => rule.subset !== undefined;

/** Subsets that are split now, from the memory kept on the routes. */
const splitNow = ({ adopted }: Roles, apex: string): readonly string[] =>
  adopted.flatMap(({ use: { format }, object }) =>
    (format?.read(object) ?? []).flatMap((carried) => (carried.apex === apex ? (carried.subsets ?? []) : [])),
  );

export const betweenOf = (
  { ownSubsets }: TrafficProvider,
  target: Target,
  { roles, live }: { readonly roles: Roles; readonly live: Live },
): Told => {
  const { canaryService, behind } = target;
  const apex = target.apex.metadata.name;
  const all = rulesIn(roles, apex);
  const rules = all.filter(namesSubset);
  const everybody = behind?.others ?? [];
  if (rules.length === 0) return { between: { apex, canaryService }, problems: [], shared: everybody };
  const asked = { target, live, rules, before: [...new Set(splitNow(roles, apex))] };
  const { own, problems, shared } = ownSubsets?.(asked) ?? { own: asked.before, problems: [], shared: [] };
  const between = { apex, canaryService, subsets: own };
  return { between, problems, shared: all.length > rules.length ? everybody : shared };
};
