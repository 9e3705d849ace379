import type { Env } from './container-env.ts';
import { expandVariables } from './container-env.ts';
import type { Container } from './kube-types.ts';

const APP = 'sluice.test/app';
const HOST = 'sluice.test/host';

/** The meaning of an image on this node. `absent`: no registry has it. */
export type Image =
  { readonly kind: 'app'; readonly version: string } | { readonly kind: 'host' } | { readonly kind: 'absent' };

/**
 * `sluice.test/app:<version>` is the test application, `sluice.test/host:<any>` the host itself; all others are absent.
 */
export function resolveImage(reference: string): Image {
  const [, repository, tag = 'latest'] = /^(.+?)(?::([^:/]+))?$/.exec(reference) ?? [];
  if (repository === APP) return { kind: 'app', version: tag };
  return { kind: repository === HOST ? 'host' : 'absent' };
}

/**
 * The command line of a container. The application's image has an entrypoint and a default argument: `args` replaces
 * the argument, `command` both. Empty if a host container has no command.
 */
export function commandLine(image: Image, container: Container, env: Env): string[] {
  const ownEntry = image.kind === 'app' && container.command === undefined;
  const entry = ownEntry ? ['sluice-testapp'] : (container.command ?? []);
  const args = container.args ?? (ownEntry ? ['serve'] : []);
  return [...entry, ...args].map((word) => expandVariables(word, env));
}

/** The kubelet's message for a failed pull. */
export function pullError(reference: string): string {
  return `failed to pull and unpack image "${reference}": failed to resolve reference "${reference}": not found`;
}
