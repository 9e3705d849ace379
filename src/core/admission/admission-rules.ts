import type { Deployment, KubeObject } from '../../values/kube-object.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { PolicyUse } from '../policy/policy-use.ts';
import type { AllowedAddress } from '../outbound/allowed-address.ts';
import type { KnownProviders } from '../policy/provider-plan.ts';
import type { DecideInput } from './facts.ts';
import { deny, type AdmissionRequest, type Answer } from './admission-request.ts';
import type { RouteKeeper } from './keep-split.ts';

/** What answers depend on besides the request. Everything comes from caches: no answer waits for the API server. */
export type AdmissionRules = {
  /** User names of Sluice's own service accounts. */
  readonly sluiceUsers: readonly string[];
  readonly policyOf: (workload: Deployment) => ParsedPolicy;
  /** The providers that policies may name. */
  readonly providers?: KnownProviders;
  /** Addresses that policies may name. */
  readonly addresses?: readonly AllowedAddress[];
  /** Providers whose routes may carry a split. */
  readonly routes: readonly RouteKeeper[];
  /** Which workloads use which policy. Without it, there are no warnings about changed policies. */
  readonly policyUse?: PolicyUse;
  /** Why a release failed, as a sentence, if known. */
  readonly failureOf?: (namespace: string, release: string) => string | undefined;
};

export const isDeployment = ({ group, kind }: AdmissionRequest): boolean => group === 'apps' && kind === 'Deployment';

/** Undefined if the object is not a Deployment. A real API server never sends such an object; an impostor might. */
export const asDeployment = (object: KubeObject | undefined): Deployment | undefined => {
  const template = object?.spec?.['template'];
  const isObject = typeof template === 'object' && template !== null && !Array.isArray(template);
  return object !== undefined && isObject && isPlausible(object) ? (object as unknown as Deployment) : undefined;
};

const isPlausible = ({ spec, status }: KubeObject): boolean =>
  isOptional(spec?.['replicas'], 'number') &&
  isOptional(spec?.['paused'], 'boolean') &&
  isOptional(status?.['availableReplicas'], 'number');

const isOptional = (value: unknown, type: 'number' | 'boolean'): boolean =>
  value === undefined || typeof value === type;

export const notADeployment = (): Answer =>
  deny('malformed', 'the object is no Deployment', {
    code: 400,
    reason: 'BadRequest',
    message: 'the object is not a Deployment as apps/v1 has it',
  });

/** The input of a decision; undefined if the objects are not Deployments. */
export const decideInput = (request: AdmissionRequest, rules: AdmissionRules, now: number): DecideInput | undefined => {
  const [sent, old] = [asDeployment(request.object), asDeployment(request.oldObject)];
  const isUpdate = request.operation === 'UPDATE';
  if (sent === undefined || (isUpdate && old === undefined)) return undefined;
  // A write to the status subresource stores metadata and status, and ignores the spec.
  const object = request.subResource === 'status' && old !== undefined ? { ...sent, spec: old.spec } : sent;
  const { failureOf, routes: _routes, ...given } = rules;
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
