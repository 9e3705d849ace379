/** Who has installed the webhook configurations tells API servers whom to trust, and leaves everything else in them alone. */
import { trustAuthority, type Trusted } from '../certs/trust.ts';
import type { ClusterWriter } from '../ports/cluster.ts';

export type InstalledTrust = {
  readonly cluster: Pick<ClusterWriter, 'fetch' | 'patch'>;
  /** Of both configurations. */
  readonly name: string;
  /** Writes both configurations as a whole, with this bundle (PEM), for a webhook at this port. */
  readonly install: (bundle: string, port: number) => Promise<void>;
};

/**
 * Installs where nothing is installed that leads to this port (what an earlier process has left behind does not), and
 * where somebody has taken it away. Otherwise only the bundle is written: the entries that policies have asked for would
 * go with the rest, and no new template of what they select would be held until they are back.
 */
export const trustInstalled = ({
  cluster,
  name,
  install,
}: InstalledTrust): ((bundle: string, port: number) => Promise<Trusted>) => {
  let installedFor: number | undefined;
  return async (bundle, port) => {
    // Any free port: which one is known when it is open, and until then every question would go nowhere.
    if (port === 0) return 'missing';
    if (installedFor === port) {
      const told = await trustAuthority(cluster, name, bundle);
      if (told !== 'missing') return told;
    }
    await install(bundle, port);
    installedFor = port;
    return 'changed';
  };
};
