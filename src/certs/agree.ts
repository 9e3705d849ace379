/** Decides what to do, given the stored TLS material and the material this replica serves with. Pure. */
import type { Instant } from '../values/time.ts';
import type { ServingNames } from './authority.ts';
import { due, trusting, trusts, type Material } from './material.ts';

export type Agreement =
  /** The stored material is good. */
  | { readonly kind: 'take'; readonly material: Material }
  /** The stored material is missing, damaged, or does not trust our authority: store this instead. */
  | { readonly kind: 'restore'; readonly material: Material }
  /** Neither material is good any more: renew this part of it. */
  | { readonly kind: 'renew'; readonly part: 'serving' | 'authority'; readonly base: Material | undefined };

export type Known = {
  readonly stored: Material | undefined;
  /** What this replica serves with: the only copy if the stored one was deleted. */
  readonly used: Material | undefined;
  readonly names: ServingNames;
  readonly now: Instant;
};

/**
 * Replicas with the same input reach the same decision, and the first to save wins. An authority in use stays trusted
 * until it expires.
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

/** `base`, which also trusts the authority of `other` if that authority is valid. */
const joined = (base: Material, other: Material | undefined, now: Instant): Material =>
  other === undefined || trusts(base, other.authority.cert, now) ? base : trusting(base, other.authority.cert, now);
