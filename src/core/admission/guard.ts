/** What Sluice made belongs to Sluice: everybody else is told whose it is and what to do instead. */
import { labels, managedBy } from '../../schema/names.ts';
import type { KubeObject } from '../kube-object.ts';
import { deny, type AdmissionRequest, type Answer } from './admission-request.ts';

/** Kubernetes' own controllers: garbage collection, namespace deletion, the Deployment controller, load balancers. */
const kubernetes =
  /^system:(apiserver|kube-controller-manager|kube-scheduler|cloud-controller-manager|serviceaccount:kube-system:.+)$/;

/** A denial when somebody else writes to an object of Sluice; undefined otherwise. */
export const guard = (request: AdmissionRequest, sluiceUsers: readonly string[]): Answer | undefined => {
  const owned = [request.oldObject, request.object].find(isOwned);
  if (owned === undefined || sluiceUsers.includes(request.user) || kubernetes.test(request.user)) return undefined;
  const message = request.oldObject === undefined || !isOwned(request.oldObject) ? reserved(owned) : belongs(owned);
  return deny('guarded', 'the object belongs to Sluice', { code: 403, reason: 'Forbidden', message });
};

const isOwned = (object: KubeObject | undefined): boolean => object?.metadata.labels?.[labels.managedBy] === managedBy;

const reserved = ({ kind }: KubeObject): string =>
  `the label ${labels.managedBy}: ${managedBy} says that Sluice made the ${kind}. Give yours another value.`;

const belongs = (object: KubeObject): string => {
  const { kind, metadata } = object;
  const release =
    metadata.ownerReferences?.find((owner) => owner.kind === 'Release')?.name ?? metadata.labels?.[labels.release];
  const of = release === undefined ? 'Sluice' : `release ${release}`;
  const namespace = metadata.namespace === undefined ? '' : ` -n ${metadata.namespace}`;
  const which = release === undefined ? '' : ` (kubectl get release ${release}${namespace} shows it)`;
  return (
    `${kind} ${metadata.name} belongs to ${of} and goes with it. ` +
    `Change the workload it is made from${which}, or end the release with: kubectl sluice abort WORKLOAD${namespace}`
  );
};
