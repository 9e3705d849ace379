import { group } from './names.ts';

/** How a policy annotation's text becomes the value of the policy field of the same name. */
export type AnnotationForm = 'text' | 'integer' | 'number' | 'integers' | 'duration';

type PolicyAnnotation = { readonly field: string; readonly form: AnnotationForm; readonly example: string };

/**
 * Users' annotations that correspond to policy fields. The key after `sluice.dev/` is the field in kebab-case, except
 * for `steps`, the short form of `weights`. The annotation overrides the policy's field. Meanings and allowed values
 * are in the schema (policy.ts).
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
  'min-requests': { field: 'minRequests', form: 'integer', example: '20' },
  telemetry: { field: 'telemetry', form: 'text', example: 'istio' },
  'no-data': { field: 'noData', form: 'text', example: 'hold' },
  'on-failure': { field: 'onFailure', form: 'text', example: 'revert' },
  approval: { field: 'approval', form: 'text', example: 'required' },
  'progress-deadline': { field: 'progressDeadline', form: 'duration', example: '10m' },
  rollback: { field: 'rollback', form: 'text', example: 'fast' },
  restart: { field: 'restart', form: 'text', example: 'canary' },
  'history-limit': { field: 'historyLimit', form: 'integer', example: '10' },
} as const satisfies Record<string, PolicyAnnotation>;

/** Messages name this annotation to users whose workload has no metrics. */
export const noDataAnnotation = `${group}/${'no-data' satisfies keyof typeof policyAnnotations}`;

export type PolicyAnnotationKey = keyof typeof policyAnnotations;

/** Users' annotations that are not policy fields. */
export const annotations = {
  canary: `${group}/canary`,
  policy: `${group}/policy`,
  skip: `${group}/skip`,
} as const;

/** Users' labels on a Deployment or its namespace. All other settings are annotations. */
export const optInLabels = { canary: annotations.canary, policy: annotations.policy } as const;

/**
 * Sluice's state on the Deployment, bound to a template by its hash. The webhook overwrites what others write there.
 */
export const marks = {
  stableHash: `${group}/stable-hash`,
  releaseHash: `${group}/release-hash`,
  /** Name of the Release of `release-hash`. */
  release: `${group}/release`,
  /** Hashes of templates that were promoted or have served, newest first. Rolling back to one of them is fast. */
  knownGood: `${group}/known-good`,
  /**
   * Hash of the last template that Sluice let roll. If another one rolls, it was written while the webhook was down.
   */
  admitted: `${group}/admitted`,
  /** Digests of used skip reasons with their templates, so that none takes effect again. */
  skips: `${group}/skips`,
  /** Templates that failed or were aborted and were put back, with their Releases: held when they come back. */
  failed: `${group}/failed`,
  requestedBy: `${group}/requested-by`,
  phase: `${group}/phase`,
} as const;

/** On a Release: a user's request (JSON: verb, reason; the webhook adds author and time). */
export const requestPrefix = `${group}/request.`;
export const requestKey = (id: string): string => requestPrefix + id;

/** On every object Sluice makes for a release: the name of its workload, for messages. */
export const workloadAnnotation = `${group}/workload`;

/** On a companion: a digest of the spec it was made with. */
export const madeFromAnnotation = `${group}/made-from`;

/**
 * On a canary Deployment whose Release is gone: since when no route leads to it. Sluice removes it once the proxies have
 * had time to notice.
 */
export const withdrawnAnnotation = `${group}/withdrawn-at`;

/** On an object that Sluice made: the reason why a user with the break-glass right writes to it. */
export const breakGlassAnnotation = `${group}/break-glass`;

/** On a user's route that carries a live split: the data that `restore` needs and cannot derive from the route. */
export const splitAnnotation = `${group}/split`;

/** Meanings of the annotations without a policy field, for the reference docs and error messages. */
export const annotationMeanings: Readonly<Record<string, { readonly example: string; readonly meaning: string }>> = {
  [annotations.canary]: {
    example: 'enabled',
    meaning:
      'Opt in (`enabled`) or out (`disabled`). Without `sluice.dev/policy`, the policy that selects the workload or the defaults apply.',
  },
  [annotations.policy]: {
    example: 'careful',
    meaning: 'Name of a CanaryPolicy in the namespace, or else of a ClusterCanaryPolicy.',
  },
  [annotations.skip]: {
    example: 'INC-42 hotfix',
    meaning: 'Roll this one template natively, at once. The value is the reason, which is recorded.',
  },
};
