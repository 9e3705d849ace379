import type { OptIn } from '../core/policy/opt-in.ts';
import { kinds } from '../schema/kinds.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { isCanary, listReleases } from './locate.ts';
import { optIns } from './opted-in.ts';
import { objectOutput, outputOption } from './object-output.ts';
import { newestPerWorkload } from './release-view.ts';
import { renderList, type ListedWorkload } from './render-list.ts';
import type { Session } from './session.ts';
import type { Verb } from './verb.ts';

const place = ({ namespace, name }: ListedWorkload): string => `${namespace}/${name}`;

/** All workloads with a release, and the opted-in ones without. */
const workloads = async (session: Session, namespace: string | undefined): Promise<readonly ListedWorkload[]> => {
  const [releases, deployments, optInOf] = await Promise.all([
    listReleases(session, namespace),
    session.client.list(kinds.deployment, namespace),
    optIns(session, namespace),
  ]);
  const released = newestPerWorkload(releases).map((release) => ({
    namespace: release.namespace,
    name: release.spec.workload.name,
    release,
  }));
  const known = new Set(released.map(place));
  const others = deployments
    .filter((deployment) => !isCanary(deployment))
    .flatMap((deployment) => listed(deployment, optInOf(deployment)))
    .filter((workload) => !known.has(place(workload)));
  return [...released, ...others].sort((a, b) => (place(a) < place(b) ? -1 : 1));
};

/** A workload that has no release yet, or never gets one in its namespace. */
const listed = ({ metadata }: KubeObject, { optedIn, because }: OptIn): readonly ListedWorkload[] => {
  const workload = { namespace: metadata.namespace ?? '', name: metadata.name };
  if (optedIn) return [workload];
  return because === 'system-namespace' ? [{ ...workload, outOfReach: true }] : [];
};

export const list: Verb = {
  name: 'list',
  workload: 'none',
  summary: 'list the workloads that are opted in, each with its last release',
  options: [{ flags: '-A, --all-namespaces', meaning: 'in all namespaces' }, outputOption],
  run: async (session, call) => {
    const everywhere = call.options['allNamespaces'] === true;
    const listed = await workloads(session, everywhere ? undefined : session.namespace);
    const { terminal, clock } = session;
    const output = objectOutput(call);
    if (output !== undefined)
      terminal.out(output.list(listed.flatMap(({ release }) => (release === undefined ? [] : [release.object]))));
    else if (listed.length === 0)
      terminal.err(
        `No workload ${everywhere ? 'of this cluster' : `of namespace ${session.namespace}`} is opted in.\n`,
      );
    else terminal.out(`${renderList(listed, clock.now(), { namespaces: everywhere }).join('\n')}\n`);
    return 0;
  },
};
