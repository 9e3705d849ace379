/** The name of a pod template's content: what every mark and every Release is bound to. */
import { hash } from 'node:crypto';
import type { Json, Labels, PodTemplate } from '../kube-object.ts';
import { canonicalJson } from './canonical-json.ts';

/** Set by the Deployment controller on the templates of its ReplicaSets. */
export const replicaSetLabel = 'pod-template-hash';
const hexDigits = 16;

/**
 * 16 hex digits of the SHA-256 over the template as the API server stored or defaulted it. Templates that Kubernetes
 * holds to be equal hash alike, and a ReplicaSet's template hashes like that of its Deployment.
 */
export const templateHash = (template: PodTemplate): string =>
  hash('sha256', canonicalJson(comparable(template)), 'hex').slice(0, hexDigits);

const comparable = ({ metadata, spec }: PodTemplate): Json => {
  const labels = metadata?.labels;
  if (labels?.[replicaSetLabel] === undefined) return { metadata, spec };
  return { metadata: { ...metadata, labels: without(labels) }, spec };
};

const without = (labels: Labels): Labels => {
  const { [replicaSetLabel]: _dropped, ...rest } = labels;
  return rest;
};
