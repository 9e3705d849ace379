/** The name of a pod template's content: what every mark and every Release is bound to. */
import { hash } from 'node:crypto';
import type { Json, Labels, PodTemplate } from '../../values/kube-object.ts';
import { weightOf } from '../../values/extent.ts';
import { Recent } from '../../values/recent.ts';
import { canonicalJson } from './canonical-json.ts';
import { sameJson } from '../../values/same-json.ts';

/** Set by the Deployment controller on the templates of its ReplicaSets. */
export const replicaSetLabel = 'pod-template-hash';
const hexDigits = 16;

/**
 * 16 hex digits of the SHA-256 over the template as the API server stored or defaulted it. Templates that Kubernetes
 * holds to be equal hash alike, and a ReplicaSet's template hashes like that of its Deployment.
 */
export const templateHash = (template: PodTemplate): string => {
  const large = largeHashed.get(template);
  if (large !== undefined) return large;
  const looks = looksOf(template);
  const known = hashed.recall(looks);
  if (known !== undefined && sameJson(known.template, template)) return known.hash;
  const text = canonicalJson(comparable(template));
  const named = hash('sha256', text, 'hex').slice(0, hexDigits);
  if (isWorthKeeping(text, template)) hashed.keep(looks, { template, hash: named });
  else largeHashed.set(template, named);
  return named;
};

/**
 * Each template is met several times within a moment: as what is stored and as what is sent, by both webhooks, and again
 * as what the next write finds. To compare it with the one it looks like takes a fifth of the time of hashing it.
 */
const hashed = new Recent<{ readonly template: PodTemplate; readonly hash: string }>(32);
/** Characters, and values of JSON: bounds what is held. */
const worthKeeping = { text: 64 * 1024, values: 8 * 1024 };

/** The text may be shorter than what it stands for: of nulls there may be a hundred thousand. */
const isWorthKeeping = (text: string, template: PodTemplate): boolean =>
  text.length <= worthKeeping.text && weightOf(template, worthKeeping.values) !== Infinity;

/** Larger ones, for as long as the question that they came with: one answer asks for the hash of a template several times. */
const largeHashed = new WeakMap<PodTemplate, string>();

/** What tells most templates apart: two that look alike are still compared. */
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
