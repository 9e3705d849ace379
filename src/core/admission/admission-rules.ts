import type { KindUse } from '../../values/kind-use.ts';
import type { Deployment, KubeObject } from '../../values/kube-object.ts';
import type { QueryChecks } from '../questions/source-form.ts';
import type { RouteFormat } from '../../values/route-format.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { PolicyUse } from '../policy/policy-use.ts';
import type { AllowedAddress } from '../outbound/allowed-address.ts';
import type { KnownProviders } from '../policy/provider-plan.ts';
import type { DecideInput } from './facts.ts';
import { deny, type AdmissionRequest, type Answer } from './admission-request.ts';

/** What answers depend on besides the question. Everything comes from caches: no answer waits for the API server. */
export type AdmissionRules = {
  /** User names of Sluice's own service accounts. */
  readonly sluiceUsers: readonly string[];
  readonly policyOf: (workload: Deployment) => ParsedPolicy;
  /** Reads the queries of a policy's checks. */
  readonly forms: QueryChecks;
  /** What policies are held against that name their provider. */
  readonly providers?: KnownProviders;
  /** Addresses that policies may name. */
  readonly addresses?: readonly AllowedAddress[];
  /** Formats of the routes that may carry a split. */
  readonly formats: readonly RouteFormat[];
  /** Kinds that traffic providers work with. */
  readonly routeKinds: readonly KindUse[];
  /** Who uses which policy, for warnings; none are given without it. */
  readonly policyUse?: PolicyUse;
  /** Why a release failed, as a sentence, where that is known. */
  readonly failureOf?: (namespace: string, release: string) => string | undefined;
};

export const isDeployment = ({ group, kind }: AdmissionRequest): boolean => group === 'apps' && kind === 'Deployment';

/** An object of a question about Deployments: it has been held to their shape before anybody was asked. */
const asDeployment = (object: KubeObject | undefined): Deployment | undefined =>
  object as unknown as Deployment | undefined;

/** Nothing to decide about: refused rather than let through. */
export const notADeployment = (): Answer =>
  deny('malformed', 'the object is no Deployment', {
    code: 400,
    reason: 'BadRequest',
    message: 'the object is not a Deployment as apps/v1 has it',
  });

/** The input of a decision about a Deployment that is created or updated; undefined without the objects of such a write. */
export const decideInput = (request: AdmissionRequest, rules: AdmissionRules, now: number): DecideInput | undefined => {
  const [sent, old] = [asDeployment(request.object), asDeployment(request.oldObject)];
  const isUpdate = request.operation === 'UPDATE';
  if (sent === undefined || (isUpdate && old === undefined)) return undefined;
  // A write of the status stores annotations with it, but no spec, whatever it carries.
  const object = request.subResource === 'status' && old !== undefined ? { ...sent, spec: old.spec } : sent;
  const { failureOf, formats: _formats, routeKinds: _kinds, ...given } = rules;
  return {
    ...given,
    operation: isUpdate ? 'UPDATE' : 'CREATE',
    object,
    ...(old === undefined ? {} : { old }),
    user: request.user,
    ...(request.userUid === undefined ? {} : { userUid: request.userUid }),
    ...(request.fieldManager === undefined ? {} : { fieldManager: request.fieldManager }),
    now,
    ...(failureOf === undefined ? {} : { failureOf: (release) => failureOf(request.namespace ?? '', release) }),
  };
};
