/**
 * What the policy checks need to know about each provider: its capabilities, and which of its kinds are not installed.
 */
import { missingKinds } from '../values/kind-use.ts';
import type { Gvk } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { KnownProvider, KnownProviders } from '../core/policy/provider-plan.ts';
import type { ClusterView } from '../ports/cluster.ts';
import type { TrafficProvider } from '../ports/traffic.ts';
import { trafficProviders } from './index.ts';

const isDefined = (cluster: ClusterView, { plural, group }: Gvk): boolean =>
  cluster.get({ gvk: kinds.crd, name: `${plural}.${group}` }) !== undefined;

/** The controller watches the kinds themselves; the webhook watches only CRDs. */
const isServed = (cluster: ClusterView, gvk: Gvk): boolean =>
  cluster.serves(gvk) || (cluster.serves(kinds.crd) && isDefined(cluster, gvk));

/** Whether a kind is known not to be installed. Of kinds that are watched themselves, a watch may not tell. */
export const isMissing = (cluster: ClusterView, gvk: Gvk): boolean =>
  cluster.serves(kinds.crd) && !isDefined(cluster, gvk);

const known = (cluster: ClusterView, { can, uses }: TrafficProvider): KnownProvider => ({
  can,
  missing: (asked) => missingKinds(uses, asked, (gvk) => isServed(cluster, gvk)),
});

export const knownProviders = (cluster: ClusterView): KnownProviders =>
  Object.fromEntries(Object.entries(trafficProviders).map(([name, provider]) => [name, known(cluster, provider)]));
