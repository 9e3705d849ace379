/** What `dev` says at its end of the releases that nobody works on any more. */
import { isFinal } from './state.ts';
import type { Release } from '../../schema/release.ts';

/** One sentence for each release that is under way: what stays, and what to type. */
export const leftBehind = (releases: readonly Release[]): readonly string[] =>
  releases
    .filter(({ status }) => status === undefined || !isFinal(status.phase))
    .map(({ metadata: { name, namespace = '' }, spec, status }) => {
      const share = status?.weight === undefined ? '' : `, ${status.weight} % of the traffic for the canary`;
      const workload = spec.workload.name;
      return (
        `Release ${namespace}/${name} is left in the middle (${status?.phase ?? 'Pending'}${share}): everything stays as it is, ` +
        `and versions that are applied to Deployment ${workload} now wait without a word. Start Sluice again to go on. ` +
        'To finish without it, first give all traffic back to your Service (apply your own route again), then: ' +
        `kubectl delete releases.sluice.dev ${name} -n ${namespace}; ` +
        `kubectl delete deployments,services -l sluice.dev/release=${name} -n ${namespace}; ` +
        `kubectl rollout resume deployment/${workload} -n ${namespace}. docs/going-back.md has every command in order.`
      );
    });
