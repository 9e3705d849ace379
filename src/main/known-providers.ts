/**
 * What the policy checks need to know about each provider: its capabilities, and which of its kinds are not installed.
 */
import { apiVersionOf, type Gvk } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { KnownProviders } from '../core/policy/provider-plan.ts';
import type { ClusterView } from '../ports/cluster.ts';
import { trafficProviders } from '../traffic/index.ts';

const builtIn: ReadonlySet<Gvk> = new Set(Object.values(kinds));

/** The controller watches the kinds themselves; the webhook watches only CRDs. */
const isServed = (cluster: ClusterView, gvk: Gvk): boolean => {
  if (builtIn.has(gvk) || cluster.serves(gvk)) return true;
  const name = `${gvk.plural}.${gvk.group}`;
  return cluster.serves(kinds.crd) && cluster.get({ gvk: kinds.crd, name }) !== undefined;
};

export const knownProviders = (cluster: ClusterView): KnownProviders => {
  const { memory: _inProcess, ...real } = trafficProviders;
  return Object.fromEntries(
    Object.entries(real).map(([name, { can, kinds: own }]) => [
      name,
      {
        can,
        missing: () => own.filter((gvk) => !isServed(cluster, gvk)).map((gvk) => `${gvk.kind} (${apiVersionOf(gvk)})`),
      },
    ]),
  );
};
