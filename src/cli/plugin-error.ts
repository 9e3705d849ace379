import { ClusterError } from '../ports/cluster.ts';

/** Why a verb cannot be carried out, and what the user can do about it. */
export class PluginError extends Error {
  readonly todo: string;
  constructor(message: string, todo: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PluginError';
    this.todo = todo;
  }
}

const todoOf = (error: ClusterError): string => {
  switch (error.reason) {
    case 'forbidden':
      return 'Ask for the right to get, list, watch and patch releases.sluice.dev and deployments.apps; kubectl auth can-i tells what you may.';
    case 'unreachable':
      return 'Check the cluster with kubectl cluster-info, and --context or --kubeconfig when it is the wrong one.';
    case 'throttled':
    case 'conflict':
    case 'server':
    case 'gone':
      return 'Try again.';
    case 'invalid':
    case 'not-found':
    case 'already-exists':
      return 'Look at the object with kubectl get -o yaml.';
  }
};

/** Any error as lines for stderr. An error of an unknown class is a bug and gets its stack. */
export const errorText = (error: unknown): string => {
  if (error instanceof PluginError) return `error: ${error.message}\n${error.todo}\n`;
  if (error instanceof ClusterError) return `error: ${error.message}\n${todoOf(error)}\n`;
  return `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
};
