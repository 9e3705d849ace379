/** What follows from the stored material and the one this replica serves with. Pure. */
import type { Instant } from '../values/time.ts';
import type { ServingNames } from './authority.ts';
import { due, trusting, trusts, type Material } from './material.ts';

export type Agreement =
  /** The stored material is good. */
  | { readonly kind: 'take'; readonly material: Material }
  /** It is gone, damaged or ignorant of us: this is what should be stored. */
  | { readonly kind: 'restore'; readonly material: Material }
  /** Nothing that is known is good any more: renew this part of it. */
  | { readonly kind: 'renew'; readonly part: 'serving' | 'authority'; readonly base: Material | undefined };

export type Known = {
  readonly stored: Material | undefined;
  /** What this replica serves with: the only copy, where the stored one was deleted. */
  readonly used: Material | undefined;
  readonly names: ServingNames;
  readonly now: Instant;
};

/**
 * Replicas that see the same come to the same, and whoever saves first is followed. An authority that somebody serves with
 * stays trusted through all of it, until it expires.
 */
export const agree = ({ stored, used, names, now }: Known): Agreement => {
  const part = due(stored, names, now);
  if (part === 'nothing' && stored !== undefined)
    return used === undefined || trusts(stored, used.authority.cert, now)
      ? { kind: 'take', material: stored }
      : { kind: 'restore', material: trusting(stored, used.authority.cert, now) };
  const own = due(used, names, now);
  if (own === 'nothing' && used !== undefined) return { kind: 'restore', material: joined(used, stored, now) };
  if (part === 'serving' && stored !== undefined) return { kind: 'renew', part, base: joined(stored, used, now) };
  const base = used === undefined ? stored : joined(used, stored, now);
  return { kind: 'renew', part: own === 'serving' ? 'serving' : 'authority', base };
};

/** The one, with the authority of the other trusted beside its own where there is a valid one. */
const joined = (one: Material, other: Material | undefined, now: Instant): Material =>
  other === undefined || trusts(one, other.authority.cert, now) ? one : trusting(one, other.authority.cert, now);
