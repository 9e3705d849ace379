import type { NamespacedName } from '../config/forms.ts';

/**
 * The namespace that Sluice is installed in, taken from its Service or its Lease; undefined if that is the only namespace
 * it works on. A user who configures that wants the workloads there to be released.
 */
export const ownNamespace = (own: NamespacedName | undefined, worked: string | undefined): string | undefined =>
  own?.namespace === worked ? undefined : own?.namespace;
