/** What a Deployment's strategy does to the pods that serve while it rolls. */
import type { Deployment, Json } from '../../values/kube-object.ts';

/** A whole number or a percentage of the replicas, as the Deployment controller reads it. */
const amount = (value: Json | undefined, replicas: number, round: (exact: number) => number): number => {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(typeof value === 'string' ? value : '')?.[1];
  return percent === undefined ? round(replicas * 0.25) : round((replicas * Number(percent)) / 100);
};

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** How many of the replicas a rolling update may take away at once. Without any surge it is at least one. */
const mostUnavailable = (rolling: { readonly [key: string]: Json | undefined }, replicas: number): number => {
  const unavailable = amount(rolling['maxUnavailable'], replicas, Math.floor);
  return unavailable === 0 && amount(rolling['maxSurge'], replicas, Math.ceil) === 0 ? 1 : unavailable;
};

/** How many of its replicas a workload's own roll may take away at once. */
export const mayLackInRoll = ({ spec: { replicas = 1, strategy = {} } }: Pick<Deployment, 'spec'>): number => {
  if (strategy['type'] === 'Recreate') return replicas;
  const rolling = strategy['rollingUpdate'];
  return Math.min(replicas, mostUnavailable(isObject(rolling) ? rolling : {}, replicas));
};

/** Whether all pods that serve may be gone at once while the workload rolls: no request is answered by any of them then. */
export const vanishesInRoll = (workload: Pick<Deployment, 'spec'>): boolean => {
  const { replicas = 1, strategy = {} } = workload.spec;
  return strategy['type'] === 'Recreate' || (replicas > 0 && mayLackInRoll(workload) >= replicas);
};
