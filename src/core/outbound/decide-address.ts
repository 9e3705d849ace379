/**
 * Decides whether Sluice may send requests to an address that a policy names. The same decision is made at admission and
 * before every request.
 */
import { patterns } from '../../schema/patterns.ts';
import { someOf } from '../../values/words.ts';
import { addressParts, allows, ipOf, namesLoopback, type AllowedAddress } from './allowed-address.ts';
import { offLimits, offLimitsWords, type OffLimits } from './off-limits.ts';

/** What the connections for an allowed address may reach. */
export type Permission = {
  /** True where the operator has listed this very loopback address. */
  readonly loopback: boolean;
};

export type AddressDecision =
  | ({ readonly allowed: true } & Permission)
  /** As in a Problem: `rule` continues the sentence after the value, `todo` is a sentence of its own. */
  | { readonly allowed: false; readonly rule: string; readonly todo: string };

const shownEntries = 10;
const flag = '--allowed-addresses';
const ask = `Leave it out, or ask the operator of Sluice to add it to ${flag} (allowedAddresses of the chart).`;

const notListed = (list: readonly AllowedAddress[]): AddressDecision => {
  const all = someOf(
    list.map(({ text }) => text),
    shownEntries,
  );
  const rule =
    list.length === 0
      ? 'must not be set: the operator of Sluice allows no address'
      : `must be an address that the operator of Sluice allows: ${all}`;
  return { allowed: false, rule, todo: ask };
};

const outOfReach = (why: OffLimits): AddressDecision => ({
  allowed: false,
  rule: `is ${offLimitsWords[why]}, which a policy may not name${why === 'loopback' ? ' unless it is allowed exactly as written' : ''}`,
  todo: `Use the address of a Service, such as ${patterns.address.example}.`,
});

const unaskable: AddressDecision = {
  allowed: false,
  rule: 'is not an HTTP address',
  todo: `Write ${patterns.address.example}, for example.`,
};

/** Pure. Names are resolved later, when a connection is made; `reachRefusal` then checks the IP address. */
export const decideAddress = (text: string, list: readonly AllowedAddress[]): AddressDecision => {
  const parts = addressParts(text);
  if (parts === undefined) return unaskable;
  const fitting = list.filter((entry) => allows(entry, parts));
  const loopback = fitting.some(namesLoopback);
  const ip = ipOf(parts.host);
  const why = ip === undefined ? undefined : offLimits(ip);
  if (why !== undefined && !(why === 'loopback' && loopback)) return outOfReach(why);
  return fitting.length === 0 ? notListed(list) : { allowed: true, loopback };
};

/** Why a connection to this IP address is not made, completing "is …"; undefined when it may be. */
export const reachRefusal = (ip: string, { loopback }: Permission): string | undefined => {
  const why = offLimits(ip);
  return why === undefined || (why === 'loopback' && loopback) ? undefined : offLimitsWords[why];
};
