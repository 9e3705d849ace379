/**
 * What the policy checks need to know about each provider: its capabilities, and which of its kinds are not installed.
 */
import { missingKinds } from '../values/kind-use.ts';
import type { Gvk } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { KnownProvider, KnownProviders } from '../core/policy/provider-plan.ts';
import type { ClusterView } from '../ports/cluster.ts';
import type { TrafficProvider } from '../ports/traffic.ts';
import { trafficProviders } from '../traffic/index.ts';

/** The controller watches the kinds themselves; the webhook watches only CRDs. */
const isServed = (cluster: ClusterView, gvk: Gvk): boolean => {
  if (cluster.serves(gvk)) return true;
  const name = `${gvk.plural}.${gvk.group}`;
  return cluster.serves(kinds.crd) && cluster.get({ gvk: kinds.crd, name }) !== undefined;
};

const known = (cluster: ClusterView, { can, uses }: TrafficProvider): KnownProvider => ({
  can,
  missing: (asked) => missingKinds(uses, asked, (gvk) => isServed(cluster, gvk)),
});

export const knownProviders = (cluster: ClusterView): KnownProviders =>
  Object.fromEntries(Object.entries(trafficProviders).map(([name, provider]) => [name, known(cluster, provider)]));
