/** A kind of meshes and gateways, as far as it concerns permissions, watches and webhooks: what is done with its objects. */
import { apiVersionOf, isSameKind, type Gvk } from './kube-object.ts';
import type { Feature } from './split.ts';

/** `adopt`: the user's own are changed. `own`: Sluice makes and removes them. `read`: they are looked at. */
export type Access = 'adopt' | 'own' | 'read';

export type KindUse = {
  /** In the version that is read and written. */
  readonly gvk: Gvk;
  /** Every version that clients may write, that of `gvk` among them; it alone when left out. */
  readonly versions?: readonly string[];
  readonly access: readonly Access[];
  /** What cannot be done where the kind is not served: anything, or these features. */
  readonly needed: 'always' | readonly Feature[];
};

export const versionsOf = ({ gvk, versions = [gvk.version] }: Pick<KindUse, 'gvk' | 'versions'>): readonly string[] =>
  versions;

const union = <T>(a: readonly T[], b: readonly T[]): readonly T[] => [...new Set([...a, ...b])];

const merged = (a: KindUse, b: KindUse): KindUse => ({
  gvk: a.gvk,
  versions: union(versionsOf(a), versionsOf(b)),
  access: union(a.access, b.access),
  needed: a.needed === 'always' || b.needed === 'always' ? 'always' : union(a.needed, b.needed),
});

/** One entry for each kind, with what everybody does with it. */
export const byKind = (uses: readonly KindUse[]): readonly KindUse[] =>
  uses.reduce<readonly KindUse[]>((kinds, use) => {
    const known = kinds.find(({ gvk }) => isSameKind(gvk, use.gvk));
    return known === undefined ? [...kinds, use] : kinds.map((kind) => (kind === known ? merged(known, use) : kind));
  }, []);

/** Kinds without which these features cannot be had and that are not served, as `VirtualService (networking.istio.io/v1)`. */
export const missingKinds = (
  uses: readonly KindUse[],
  asked: ReadonlySet<Feature>,
  served: (gvk: Gvk) => boolean,
): readonly string[] =>
  uses
    .filter(({ needed }) => needed === 'always' || needed.some((feature) => asked.has(feature)))
    .filter(({ gvk }) => !served(gvk))
    .map(({ gvk }) => `${gvk.kind} (${apiVersionOf(gvk)})`);
