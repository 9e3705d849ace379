import type { NamespacedName } from '../config/forms.ts';

/**
 * The namespace that Sluice is installed in, as its Service or its Lease says. Who installs it to work on that very
 * namespace alone wants it released.
 */
export const ownNamespace = (own: NamespacedName | undefined, worked: string | undefined): string | undefined =>
  own?.namespace === worked ? undefined : own?.namespace;
