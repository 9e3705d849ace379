/** How Sluice uses a kind of a mesh or gateway. Permissions, watches and webhooks are derived from it. */
import { apiVersionOf, isSameKind, type Gvk } from './kube-object.ts';
import type { Feature } from './split.ts';

/**
 * `adopt`: Sluice changes users' objects. `own`: Sluice creates and removes objects. `read`: Sluice only reads them.
 */
export type Access = 'adopt' | 'own' | 'read';

export type KindUse = {
  /** In the version that is watched, read and written. Clients may write others: the API server converts. */
  readonly gvk: Gvk;
  readonly access: readonly Access[];
  /** Every API server serves it. */
  readonly builtIn?: true;
  /** What is impossible if the kind is not served: everything, or these features; nothing where there are none. */
  readonly needed: 'always' | readonly Feature[];
};

const union = <T>(a: readonly T[], b: readonly T[]): readonly T[] => [...new Set([...a, ...b])];

const merged = (a: KindUse, b: KindUse): KindUse => ({
  gvk: a.gvk,
  access: union(a.access, b.access),
  ...(a.builtIn === true || b.builtIn === true ? { builtIn: true as const } : {}),
  needed: a.needed === 'always' || b.needed === 'always' ? 'always' : union(a.needed, b.needed),
});

/** One entry per kind, combining all uses. */
export const byKind = (uses: readonly KindUse[]): readonly KindUse[] =>
  uses.reduce<readonly KindUse[]>((kinds, use) => {
    const known = kinds.find(({ gvk }) => isSameKind(gvk, use.gvk));
    return known === undefined ? [...kinds, use] : kinds.map((kind) => (kind === known ? merged(known, use) : kind));
  }, []);

/** Kinds that these features need and that are not served, such as `VirtualService (networking.istio.io/v1)`. */
export const missingKinds = (
  uses: readonly KindUse[],
  asked: ReadonlySet<Feature>,
  served: (gvk: Gvk) => boolean,
): readonly string[] =>
  uses
    .filter(({ needed }) => needed === 'always' || needed.some((feature) => asked.has(feature)))
    .filter(({ gvk }) => !served(gvk))
    .map(({ gvk }) => `${gvk.kind} (${apiVersionOf(gvk)})`);
