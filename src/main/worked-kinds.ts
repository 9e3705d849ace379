/** Every kind of others that Sluice works with: of traffic providers, and of what protects pods. */
import { protectingUses } from '../core/protection/protecting-kinds.ts';
import { usedKinds } from '../traffic/index.ts';
import { byKind, type KindUse } from '../values/kind-use.ts';

export const workedKinds: readonly KindUse[] = byKind([...usedKinds, ...protectingUses]);
