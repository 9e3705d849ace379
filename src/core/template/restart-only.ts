import type { PodTemplate } from '../../values/kube-object.ts';
import { templateHash } from './template-hash.ts';

/** The annotation that `kubectl rollout restart` sets in the template. */
export const restartedAt = 'kubectl.kubernetes.io/restartedAt';

/** Whether the templates differ only in the time of a `kubectl rollout restart`. */
export const restartOnly = (a: PodTemplate, b: PodTemplate): boolean =>
  templateHash(a) !== templateHash(b) && templateHash(withoutRestart(a)) === templateHash(withoutRestart(b));

const withoutRestart = (template: PodTemplate): PodTemplate => {
  const { [restartedAt]: _dropped, ...annotations } = template.metadata?.annotations ?? {};
  return { ...template, metadata: { ...template.metadata, annotations } };
};
