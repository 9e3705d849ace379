/**
 * Publishes the authority in webhook configurations that `dev` installed itself, without changing anything else in
 * them.
 */
import { trustAuthority, type Trusted } from './trust.ts';
import type { ClusterWriter } from '../ports/cluster.ts';

export type InstalledTrust = {
  readonly cluster: Pick<ClusterWriter, 'fetch' | 'patch'>;
  /** Name of both configurations. */
  readonly name: string;
  /** Writes both configurations completely, with this bundle (PEM) and port. */
  readonly install: (bundle: string, port: number) => Promise<void>;
};

/**
 * Installs the configurations if none for this port exist (leftovers of an earlier process have another port) or
 * somebody deleted them. Otherwise writes only the bundle: a complete write would remove the entries for policies'
 * selectors, and until they are back no new template of those workloads would be held.
 */
export const trustInstalled = ({
  cluster,
  name,
  install,
}: InstalledTrust): ((bundle: string, port: number) => Promise<Trusted>) => {
  let installedFor: number | undefined;
  return async (bundle, port) => {
    // Port 0 means any free port. Until it is known, a configuration would point nowhere.
    if (port === 0) return 'missing';
    if (installedFor === port) {
      const trusted = await trustAuthority(cluster, name, bundle);
      if (trusted !== 'missing') return trusted;
    }
    await install(bundle, port);
    installedFor = port;
    return 'changed';
  };
};
