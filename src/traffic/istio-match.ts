/**
 * Matches of a split in a VirtualService: before each http rule that sends to the apex a copy of it, for the requests that
 * match, with the canary in place of stable.
 */
import type { Json, JsonObject } from '../values/kube-object.ts';
import type { Match } from '../values/split.ts';
import { matchRulePrefix } from '../schema/names.ts';
import { objectsOf, textOf } from '../values/json-values.ts';
import type { Asked } from './additions.ts';
import type { Callers } from './istio-http.ts';
import { joinBlock, type Joined } from './istio-conditions.ts';
import type { LiveList } from './weighted-kind.ts';
import { givenTo } from './weighted-list.ts';

/** More than anybody writes, and few enough for every rule of a route. */
const mostBlocks = 256;

/** A rule that Sluice has added. */
export const isMatchRule = ({ name }: JsonObject): boolean => textOf(name).startsWith(matchRulePrefix);

/** What becomes of one of the user's blocks and one match; `index` is the block's, if the rule has any. */
export type Outcome =
  (Joined & { readonly index?: number }) | { readonly is: 'too-many' } | { readonly is: 'delegated' };

const withCallers = (callers: Callers, match: Match, joined: Joined): Outcome => {
  if (match.sourceLabels === undefined || callers === 'mesh' || joined.is === 'never') return joined;
  return callers === 'gateways' ? { is: 'never' } : { is: 'delegated' };
};

/** Every block of the rule with every match: any of them suffices. */
export const outcomesOf = (
  rule: JsonObject,
  { split: { match = [] } }: Asked,
  callers: Callers,
): readonly Outcome[] => {
  const written = objectsOf(rule['match']);
  if (Math.max(1, written.length) * match.length > mostBlocks) return [{ is: 'too-many' }];
  return match.flatMap((one): readonly Outcome[] => {
    const alone = withCallers(callers, one, joinBlock({}, one));
    if (alone.is !== 'block' || written.length === 0) return [alone];
    return written.map((block, index) => ({ ...joinBlock(block, one), index }));
  });
};

const routeOf = ({ merged }: LiveList, { arms }: Asked): Json => {
  const given = new Set(givenTo(merged, arms));
  return merged.map((d) => (given.has(d) ? arms.toCanary(d) : d));
};

/** The copy of a rule for the requests that match; none where no request can. */
export const matchRule = (rule: JsonObject, list: LiveList, asked: Asked, callers: Callers): readonly JsonObject[] => {
  const blocks = outcomesOf(rule, asked, callers).flatMap((one) => (one.is === 'block' ? [one.block] : []));
  if (blocks.length === 0) return [];
  const { name: _name, match: _match, ...rest } = rule;
  return [{ name: `${matchRulePrefix}${asked.apex}`, match: blocks, ...rest, route: routeOf(list, asked) }];
};
