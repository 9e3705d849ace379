/** The inputs of the webhook's answers, from its caches. */
import type { AdmissionRules } from '../core/admission/admission-rules.ts';
import type { AllowedAddress } from '../core/outbound/allowed-address.ts';
import { admissionKinds } from '../core/protection/protecting-kinds.ts';
import { kinds } from '../schema/kinds.ts';
import { sourceForms } from '../metrics/index.ts';
import type { ClusterView } from '../ports/cluster.ts';
import { routeFormats, usedKinds } from '../traffic/index.ts';
import { isMissing, knownProviders } from '../traffic/known-providers.ts';
import { policyOf, policyUse } from '../policies/policies.ts';

export type RulesSetup = {
  /** Addresses that policies may name. */
  readonly addresses?: readonly AllowedAddress[];
  /** The namespace that Sluice is installed in. */
  readonly ownNamespace?: string | undefined;
};

/** Releases are watched only in `dev`; elsewhere, warnings name a failed release without the reason. */
export const webhookRules = (
  cluster: ClusterView,
  sluiceUser: string,
  { addresses = [], ownNamespace }: RulesSetup = {},
): AdmissionRules => {
  const providers = knownProviders(cluster);
  return {
    sluiceUsers: [sluiceUser],
    policyOf: policyOf(cluster, { forms: sourceForms, providers, addresses, ownNamespace }),
    forms: sourceForms,
    providers,
    addresses,
    policyUse: policyUse(cluster, ownNamespace),
    formats: routeFormats,
    routeKinds: usedKinds,
    claimModes: (namespace, name) => cluster.get({ gvk: kinds.claim, namespace, name })?.spec?.accessModes,
    protecting: (namespace) =>
      admissionKinds.flatMap((kind) => {
        const objects = cluster.serves(kind.use.gvk) ? cluster.list(kind.use.gvk, namespace) : [];
        return objects.length === 0 ? [] : [{ kind, objects }];
      }),
    lacksReleases: () => isMissing(cluster, kinds.release),
    failureOf: (namespace, name) => {
      if (!cluster.serves(kinds.release)) return undefined;
      const message = cluster.get({ gvk: kinds.release, namespace, name })?.status?.['message'];
      return typeof message === 'string' ? message : undefined;
    },
  };
};
