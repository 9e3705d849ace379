import type { AdmissionRequest } from '../../src/core/admission/admission-request.ts';
import { sourceForms } from '../../src/metrics/index.ts';
import type { AdmissionRules } from '../../src/core/admission/admission-rules.ts';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { routeFormats, usedKinds } from '../../src/traffic/index.ts';
import { aDeployment, type DeploymentTraits } from './a-deployment.ts';
import { alice, anInput, sluice } from './admission-input.ts';

/** Rules of a Sluice that knows no named policy. */
export const someRules: AdmissionRules = {
  sluiceUsers: [sluice],
  forms: sourceForms,
  formats: routeFormats,
  routeKinds: usedKinds,
  policyOf: anInput(aDeployment(), aDeployment()).policyOf,
};

/** A question by Alice about an object, with group and kind read from it. */
export const aRequest = (
  change: { readonly old?: KubeObject; readonly object?: KubeObject },
  more: Partial<AdmissionRequest> = {},
): AdmissionRequest => {
  const about = change.object ?? change.old;
  const [version, group = ''] = (about?.apiVersion ?? '').split('/').reverse();
  const operation = change.object === undefined ? 'DELETE' : change.old === undefined ? 'CREATE' : 'UPDATE';
  return {
    uid: `uid-of-${version}`,
    operation,
    group,
    kind: about?.kind ?? '',
    ...(about === undefined ? {} : { name: about.metadata.name }),
    namespace: 'shop',
    user: alice,
    dryRun: false,
    ...(change.object === undefined ? {} : { object: change.object }),
    ...(change.old === undefined ? {} : { oldObject: change.old }),
    ...more,
  };
};

/** A Deployment as it comes over the wire: no more is known of it than that it is an object. */
export const asObject = (traits: DeploymentTraits): KubeObject =>
  JSON.parse(JSON.stringify(aDeployment(traits))) as KubeObject;
