/** The hash of a pod template. Marks and Releases are bound to it. */
import { hash } from 'node:crypto';
import type { Json, Labels, PodTemplate } from '../../values/kube-object.ts';
import { Recent } from '../../values/recent.ts';
import { weighedCanonicalJson } from './canonical-json.ts';
import { sameJson } from '../../values/same-json.ts';

/** Set by the Deployment controller on the templates of its ReplicaSets. */
export const replicaSetLabel = 'pod-template-hash';
const hexDigits = 16;

/**
 * The first 16 hex digits of the SHA-256 of the template as defaulted by the API server. Templates that are equal in
 * Kubernetes have the same hash, and so do a ReplicaSet's template and its Deployment's.
 */
export const templateHash = (template: PodTemplate): string => {
  const large = largeHashed.get(template);
  if (large !== undefined) return large;
  const looks = looksOf(template);
  const known = hashed.recall(looks);
  if (known !== undefined && sameJson(known.template, template)) return known.hash;
  const { text, hidden } = weighedCanonicalJson(comparable(template));
  const named = hash('sha256', text, 'hex').slice(0, hexDigits);
  // The text alone is no bound: canonical JSON drops nulls, of which a template may have a hundred thousand.
  if (text.length + hidden <= worthKeeping) hashed.keep(looks, { template, hash: named });
  else largeHashed.set(template, named);
  return named;
};

/**
 * Each template is hashed several times in a row: by both webhooks, as the old and the new object, and again at the
 * next write. Comparing it with a recent one that looks alike takes a fifth of the time of hashing it.
 */
const hashed = new Recent<{ readonly template: PodTemplate; readonly hash: string }>(32);
/** Characters: bounds the cache's memory. */
const worthKeeping = 64 * 1024;

/**
 * Hashes of larger templates, kept as long as their request, since one answer needs a template's hash several times.
 */
const largeHashed = new WeakMap<PodTemplate, string>();

/** A cheap key that distinguishes most templates; templates with the same key are compared in full. */
const looksOf = ({ metadata, spec }: PodTemplate): string => {
  const containers = spec?.['containers'];
  const images = Array.isArray(containers)
    ? (containers as readonly Json[]).map((container) => (container as { readonly image?: Json } | null)?.image)
    : [];
  return JSON.stringify([metadata, images]);
};

const comparable = ({ metadata, spec }: PodTemplate): Json => {
  const labels = metadata?.labels;
  if (labels?.[replicaSetLabel] === undefined) return { metadata, spec };
  return { metadata: { ...metadata, labels: without(labels) }, spec };
};

const without = (labels: Labels): Labels => {
  const { [replicaSetLabel]: _dropped, ...rest } = labels;
  return rest;
};
