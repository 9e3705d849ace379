/** Messages for while the kind Release is not installed, and no release can start or continue. */
import { kinds } from '../../schema/kinds.ts';

const { plural, group } = kinds.release;

/** A sentence fragment. */
export const releasesMissing = `the kind Release is missing (CustomResourceDefinition ${plural}.${group})`;

/** What the user can do, with the command for a user who does not want to wait. */
export const withoutReleases = (workload: string, namespace: string | undefined): string =>
  `Install Sluice's CustomResourceDefinitions again (kubectl apply -f charts/sluice/crds), and the release starts by itself; or apply the version before; or roll this one without a canary: kubectl rollout resume deployment/${workload}${namespace === undefined ? '' : ` -n ${namespace}`}`;
