/** The content of a Lease. Pure. */
import { apiVersionOf, gvk, type Json, type KubeObject, type ObjectRef } from '../values/kube-object.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import { microTime } from './event.ts';

export const leaseKind = gvk('coordination.k8s.io/v1', 'Lease', 'leases');

export type LeaseSpec = Record<string, Json | undefined> & {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
};

export type Claim = { readonly holder: string; readonly duration: Milliseconds; readonly now: Instant };

/** The Lease with this claim: `known` with the claim's fields replaced, or a new object. */
export const claimed = (ref: ObjectRef, known: KubeObject | undefined, { holder, duration, now }: Claim): Json => {
  const before: LeaseSpec = known?.spec ?? {};
  const same = before.holderIdentity === holder;
  const at = microTime(now);
  const spec: LeaseSpec = {
    ...before,
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.ceil(duration / 1000)),
    renewTime: at,
    acquireTime: same ? (before.acquireTime ?? at) : at,
    leaseTransitions: (before.leaseTransitions ?? 0) + (same || known === undefined ? 0 : 1),
  };
  const { namespace = '', name } = ref;
  const rest = known ?? { metadata: { name, namespace } };
  return { ...rest, apiVersion: apiVersionOf(leaseKind), kind: leaseKind.kind, spec };
};
