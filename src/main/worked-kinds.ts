/** All foreign kinds that Sluice works with: those of the traffic providers and those that protect pods. */
import { protectingUses } from '../core/protection/protecting-kinds.ts';
import { usedKinds } from '../traffic/index.ts';
import { byKind, type KindUse } from '../values/kind-use.ts';

export const workedKinds: readonly KindUse[] = byKind([...usedKinds, ...protectingUses]);
