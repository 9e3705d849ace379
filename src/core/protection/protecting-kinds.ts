/** Every kind whose objects may select stable's pods but not the canary's. */
import type { KindUse } from '../../values/kind-use.ts';
import { caringKinds } from './caring-kinds.ts';
import { istioKinds } from './istio-kinds.ts';
import { linkerdKinds } from './linkerd-kinds.ts';
import { networkPolicies } from './network-policies.ts';
import { ciliumKinds } from './cilium-kinds.ts';
import type { ProtectingKind } from './protecting-kind.ts';

export const protectingKinds: readonly ProtectingKind[] = [
  networkPolicies,
  ...istioKinds,
  ...linkerdKinds,
  ...ciliumKinds,
  ...caringKinds,
];

/** Their uses, from which watches, RBAC rules and guards are derived. */
export const protectingUses: readonly KindUse[] = protectingKinds.map(({ use }) => use);

/** The kinds that the webhook reads. */
export const admissionKinds: readonly ProtectingKind[] = protectingKinds.filter(
  ({ atAdmission }) => atAdmission === true,
);
