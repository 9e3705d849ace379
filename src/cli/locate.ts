/** Finds the workload and the Release for the name a user typed, with a helpful error for whatever is missing. */
import type { Deployment, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { ClusterError } from '../ports/cluster.ts';
import { annotations } from '../schema/annotations.ts';
import { apiVersion, isOurs } from '../schema/names.ts';
import { nearest } from '../schema/nearest.ts';
import { optIns } from './opted-in.ts';
import { PluginError } from './plugin-error.ts';
import { currentRelease, releaseView, type ReleaseView } from './release-view.ts';
import type { Session } from './session.ts';

export type Located = {
  readonly workload: Deployment;
  /** See `currentRelease`. */
  readonly release: ReleaseView | undefined;
};

const notInstalled = (cause: unknown): PluginError =>
  new PluginError(
    `Sluice is not installed in this cluster: there is no kind Release in ${apiVersion}.`,
    'Install it with its Helm chart, or choose another cluster with --context.',
    { cause },
  );

/** Releases of one namespace or of all. Rejects with PluginError if the kind is not served. */
export const listReleases = async (
  { client }: Session,
  namespace: string | undefined,
): Promise<readonly ReleaseView[]> => {
  const found = await client.list(kinds.release, namespace).catch((error: unknown) => {
    throw error instanceof ClusterError && error.reason === 'not-found' ? notInstalled(error) : error;
  });
  return found.map(releaseView);
};

/** Extracts the name from `web`, `deployment/web`, `deploy/web` or `deployment.apps/web`. */
export const workloadName = (written: string): string => {
  const [name = '', kind = 'deployment', ...more] = written.split('/').reverse();
  if (more.length === 0 && name !== '' && /^(deploy|deployments?)(\.apps)?$/i.test(kind)) return name;
  throw new PluginError(`"${written}" is not a workload.`, 'Write the name of a Deployment, such as web.');
};

/** Whether Sluice made the Deployment for a release. */
export const isCanary = ({ metadata }: KubeObject): boolean =>
  isOurs({ metadata }) ||
  (metadata.ownerReferences ?? []).some(
    (owner) => owner.kind === kinds.release.kind && owner.apiVersion === apiVersion,
  );

const noSuchWorkload = async (session: Session, name: string): Promise<PluginError> => {
  const { client, namespace } = session;
  const optInOf = await optIns(session, namespace);
  const all = (await client.list(kinds.deployment, namespace)).filter((deployment) => !isCanary(deployment));
  const optedIn = all.filter((object) => optInOf(object).optedIn).map(({ metadata }) => metadata.name);
  const near = nearest(
    name,
    all.map(({ metadata }) => metadata.name),
  );
  const hint = near === undefined ? '' : `Did you mean ${near}? `;
  const listed =
    optedIn.length === 0
      ? 'No Deployment of this namespace is opted in; choose another with -n.'
      : `Opted in here: ${optedIn.join(', ')}. Another namespace is chosen with -n.`;
  return new PluginError(`There is no Deployment ${name} in namespace ${namespace}.`, `${hint}${listed}`);
};

/** The workload a user named, and its Release. Rejects with PluginError or ClusterError. */
export const locate = async (session: Session, written: string): Promise<Located> => {
  const { client, namespace } = session;
  const name = workloadName(written);
  const [object, releases] = await Promise.all([
    client.get({ gvk: kinds.deployment, namespace, name }),
    listReleases(session, namespace),
  ]);
  if (object === undefined) throw await noSuchWorkload(session, name);
  const workload = object as Deployment;
  return { workload, release: currentRelease(workload, releases) };
};

/** Explains why the workload has no Release. */
export const noRelease = async (session: Session, workload: Deployment): Promise<PluginError> => {
  const { name, namespace = '' } = workload.metadata;
  const optInOf = await optIns(session, namespace);
  const { optedIn, because } = optInOf(workload);
  if (because === 'system-namespace')
    return new PluginError(
      `Deployment ${name} is in ${namespace}, a system namespace: Sluice never releases anything there, so that it cannot stand in the way of its repair.`,
      `It is rolled out natively: kubectl rollout status deployment/${name} -n ${namespace}`,
    );
  if (!optedIn)
    return new PluginError(
      `Deployment ${name} is not opted in: it is rolled out natively, without Sluice.`,
      `Opt in with: kubectl annotate deployment ${name} -n ${namespace} ${annotations.canary}=enabled`,
    );
  return new PluginError(
    `Deployment ${name} is opted in and has had no release yet.`,
    `Change its pod template to start one, for example: kubectl set image deployment/${name} -n ${namespace} CONTAINER=IMAGE`,
  );
};
