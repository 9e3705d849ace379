import jsonPatch from 'fast-json-patch';
import { sourceForms } from '../../src/metrics/index.ts';
import type { DecideInput } from '../../src/core/admission/facts.ts';
import type { Decision } from '../../src/core/admission/decide.ts';
import type { Deployment, Labels, PodTemplate } from '../../src/values/kube-object.ts';
import { parsePolicy } from '../../src/core/policy/parse-policy.ts';
import { templateHash } from '../../src/core/template/template-hash.ts';
import { aTemplate } from './a-deployment.ts';

export const alice = 'alice@example.com';
export const sluice = 'system:serviceaccount:sluice-system:sluice';
export const optIn: Labels = { 'sluice.dev/canary': 'enabled' };

/** Hash of a template, or of the usual one with this image. */
export const hashOf = (template: PodTemplate | string): string =>
  templateHash(typeof template === 'string' ? aTemplate(template) : template);

/** An UPDATE by Alice with kubectl apply, where no named policy exists. */
export const anInput = (old: Deployment, object: Deployment): DecideInput => ({
  operation: 'UPDATE',
  old,
  object,
  user: alice,
  fieldManager: 'kubectl-client-side-apply',
  now: Date.UTC(2026, 0, 2, 3, 4, 5),
  sluiceUsers: [sluice],
  policyOf: ({ metadata }) =>
    parsePolicy({
      forms: sourceForms,
      annotations: metadata.annotations,
      namespace: metadata.namespace ?? '',
      find: () => undefined,
    }),
});

/** The object as the API server would go on with it. */
export const after = (object: Deployment, { patch }: Pick<Decision, 'patch'>): Deployment =>
  jsonPatch.applyPatch(object, [...patch], true, false).newDocument;
