import type { KindUse } from '../../values/kind-use.ts';
import type { Deployment, KubeObject } from '../../values/kube-object.ts';
import type { QueryChecks } from '../questions/source-form.ts';
import type { RouteFormat } from '../../values/route-format.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { PolicyUse } from '../policy/policy-use.ts';
import type { AllowedAddress } from '../outbound/allowed-address.ts';
import type { KnownProviders } from '../policy/provider-plan.ts';
import type { DecideInput } from './facts.ts';
import type { ClaimModes } from './not-doubled.ts';
import type { ProtectingIn } from './uncovered.ts';
import { deny, type AdmissionRequest, type Answer } from './admission-request.ts';

/** What answers depend on besides the request. Everything comes from caches: no answer waits for the API server. */
export type AdmissionRules = {
  /** User names of Sluice's own service accounts. */
  readonly sluiceUsers: readonly string[];
  readonly policyOf: (workload: Deployment) => ParsedPolicy;
  /** Reads the queries of a policy's checks. */
  readonly forms: QueryChecks;
  /** The providers that policies may name. */
  readonly providers?: KnownProviders;
  /** Addresses that policies may name. */
  readonly addresses?: readonly AllowedAddress[];
  /** Formats of the routes that may carry a split. */
  readonly formats: readonly RouteFormat[];
  /** Kinds that traffic providers use. */
  readonly routeKinds: readonly KindUse[];
  /** Which workloads use which policy. Without it, there are no warnings about changed policies. */
  readonly policyUse?: PolicyUse;
  /** Access modes of the claims that workloads mount. */
  readonly claimModes?: ClaimModes;
  /** Objects that may protect pods and cannot be copied for a canary. */
  readonly protecting?: ProtectingIn;
  /** Whether the kind Release is known not to be installed. */
  readonly lacksReleases?: () => boolean;
  /** Why a release failed, as a sentence, if known. */
  readonly failureOf?: (namespace: string, release: string) => string | undefined;
};

export const isDeployment = ({ group, kind }: AdmissionRequest): boolean => group === 'apps' && kind === 'Deployment';

/** The cast is safe: the shape of Deployments was checked when the request was decoded. */
const asDeployment = (object: KubeObject | undefined): Deployment | undefined => object as Deployment | undefined;

/** Denies a request without the objects to decide about, instead of letting it through. */
export const notADeployment = (): Answer =>
  deny('malformed', 'the object is no Deployment', {
    code: 400,
    reason: 'BadRequest',
    message: 'the object is not a Deployment as apps/v1 has it',
  });

/** The input of a decision about a created or updated Deployment; undefined if the write's objects are missing. */
export const decideInput = (request: AdmissionRequest, rules: AdmissionRules, now: number): DecideInput | undefined => {
  const [sent, old] = [asDeployment(request.object), asDeployment(request.oldObject)];
  const isUpdate = request.operation === 'UPDATE';
  if (sent === undefined || (isUpdate && old === undefined)) return undefined;
  // A write to the status subresource stores metadata and status, and ignores the spec.
  const object = request.subResource === 'status' && old !== undefined ? { ...sent, spec: old.spec } : sent;
  const { failureOf, lacksReleases, formats: _formats, routeKinds: _kinds, ...given } = rules;
  return {
    ...given,
    operation: isUpdate ? 'UPDATE' : 'CREATE',
    object,
    ...(old === undefined ? {} : { old }),
    user: request.user,
    ...(request.userUid === undefined ? {} : { userUid: request.userUid }),
    ...(request.fieldManager === undefined ? {} : { fieldManager: request.fieldManager }),
    now,
    ...(lacksReleases === undefined ? {} : { releasesMissing: lacksReleases() }),
    ...(failureOf === undefined ? {} : { failureOf: (release) => failureOf(request.namespace ?? '', release) }),
  };
};
