import { group } from './names.ts';

/** How a policy annotation's text becomes the value of the policy field of the same name. */
export type AnnotationForm = 'text' | 'integer' | 'number' | 'integers' | 'duration';

type PolicyAnnotation = { readonly field: string; readonly form: AnnotationForm; readonly example: string };

/**
 * Annotations people write that are policy fields too. The key after `sluice.dev/` is the field in kebab-case, but
 * for `steps`, the short form of `weights`; an annotation overrides the policy's field. What a field means and allows stands in the schema (policy.ts) only.
 */
export const policyAnnotations = {
  strategy: { field: 'strategy', form: 'text', example: 'canary' },
  provider: { field: 'provider', form: 'text', example: 'istio' },
  service: { field: 'service', form: 'text', example: 'web' },
  steps: { field: 'weights', form: 'integers', example: '5,25,50' },
  'step-weight': { field: 'stepWeight', form: 'integer', example: '10' },
  'max-weight': { field: 'maxWeight', form: 'integer', example: '50' },
  interval: { field: 'interval', form: 'duration', example: '30s' },
  threshold: { field: 'threshold', form: 'integer', example: '3' },
  'success-rate': { field: 'successRate', form: 'number', example: '99' },
  'latency-p99': { field: 'latencyP99', form: 'duration', example: '500ms' },
  telemetry: { field: 'telemetry', form: 'text', example: 'istio' },
  'no-data': { field: 'noData', form: 'text', example: 'hold' },
  'on-failure': { field: 'onFailure', form: 'text', example: 'revert' },
  approval: { field: 'approval', form: 'text', example: 'required' },
  'progress-deadline': { field: 'progressDeadline', form: 'duration', example: '10m' },
  rollback: { field: 'rollback', form: 'text', example: 'fast' },
  restart: { field: 'restart', form: 'text', example: 'canary' },
} as const satisfies Record<string, PolicyAnnotation>;

export type PolicyAnnotationKey = keyof typeof policyAnnotations;

/** Annotations people write that are not policy fields. */
export const annotations = {
  canary: `${group}/canary`,
  policy: `${group}/policy`,
  skip: `${group}/skip`,
} as const;

/** Labels people write, on a Deployment or on its namespace. Everything else they say stands in annotations. */
export const optInLabels = { canary: annotations.canary, policy: annotations.policy } as const;

/** Kept by Sluice on the Deployment, bound to a template by its hash; what anybody else writes there is replaced. */
export const marks = {
  stableHash: `${group}/stable-hash`,
  releaseHash: `${group}/release-hash`,
  /** Name of the Release that is to bring `release-hash` to production. */
  release: `${group}/release`,
  /** Templates that were promoted or have served, newest first. Going back to one of them is fast. */
  knownGood: `${group}/known-good`,
  /** The template that serves by Sluice's leave. Another one that serves has come in while the webhook was away. */
  admitted: `${group}/admitted`,
  /** Reasons of skips that have counted, each with its template, as digests. None counts again. */
  skips: `${group}/skips`,
  requestedBy: `${group}/requested-by`,
  phase: `${group}/phase`,
} as const;

/** On a Release: a request from a person (JSON: verb, reason; the author and the time are set by the webhook). */
export const requestPrefix = `${group}/request.`;
export const requestKey = (id: string): string => requestPrefix + id;

/** On everything Sluice makes for a release: the name of its workload, for whoever is to be told whose it is. */
export const workloadAnnotation = `${group}/workload`;

/** On an object that Sluice made, by those who have the right of the same name: why they write to it. */
export const breakGlassAnnotation = `${group}/break-glass`;

/** On a user's route while it carries a live split: what `restore` cannot tell from the route itself. */
export const splitAnnotation = `${group}/split`;

/** Meanings of the keys that have no policy field, for the reference docs and for error messages. */
export const annotationMeanings: Readonly<Record<string, { readonly example: string; readonly meaning: string }>> = {
  [annotations.canary]: {
    example: 'enabled',
    meaning: 'Opt in (`enabled`) or out (`disabled`). Alone it means the default policy.',
  },
  [annotations.policy]: { example: 'careful', meaning: 'A CanaryPolicy in the namespace, else a ClusterCanaryPolicy.' },
  [annotations.skip]: {
    example: 'INC-42 hotfix',
    meaning: 'Roll this one template natively, at once, recorded with this reason.',
  },
};
