/** Controllers of which one works at a time, with the rights of an installation, each through a proxy that counts its requests. */
import { controllerPermissions } from '../../src/manifests/rbac.ts';
import { workedKinds } from '../../src/main/worked-kinds.ts';
import { sluice } from './admission-input.ts';
import type { Sluice } from './sluice-process.ts';
import type { Stage } from './stage.ts';
import { startWriteCounter, type WriteCounter } from './write-counter.ts';

export type Candidate = { readonly name: string; readonly process: Sluice; readonly counter: WriteCounter };

const lease = 'sluice';

/** A role with a binding of this name: the rights of a controller, for Sluice's user, in all namespaces. */
export const candidateRights = (name: string): readonly object[] => {
  const rules = Object.values(controllerPermissions(workedKinds, lease)).flat();
  const [apiVersion, apiGroup] = ['rbac.authorization.k8s.io/v1', 'rbac.authorization.k8s.io'];
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects: [{ apiGroup, kind: 'User', name: sluice }],
    },
  ];
};

/** Resolves when it leads or stands by. It ends with the stage. */
export const startCandidate = async (stage: Stage, name: string, program?: readonly string[]): Promise<Candidate> => {
  const counter = await startWriteCounter(stage.cluster.kubeconfig, sluice);
  const flags = ['--lease', `${stage.namespace}/${lease}`];
  const process = await stage.sluice({
    command: 'controller',
    kubeconfig: counter.kubeconfig,
    flags,
    ...(program === undefined ? {} : { program }),
  });
  return { name, process, counter };
};

export const isLeading = ({ process }: Candidate): boolean => process.log.some(({ msg }) => msg === 'leading');
