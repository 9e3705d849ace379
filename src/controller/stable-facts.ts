/** Facts about what callers of the apex reach while nothing is routed to the canary. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { misfit, portMisfit, reachableOf, type Reachable } from '../core/release/apex-fit.ts';
import type { StableFacts } from '../core/release/facts.ts';
import type { ReleaseSpec } from '../schema/release.ts';
import { isPodOf } from '../values/pod-name.ts';
import type { Deployment, EndpointSlice, Service } from '../values/kube-object.ts';
import { readyEndpoints } from './workload-facts.ts';

/** The slices with the endpoints of one Deployment's pods alone. */
const ownIn = (slices: readonly EndpointSlice[], deployment: string): readonly EndpointSlice[] =>
  slices.map((slice) => ({
    ...slice,
    endpoints: (slice.endpoints ?? []).filter(({ targetRef }) => isPodOf(deployment, targetRef?.name ?? '')),
  }));

/** Also limited by the Deployment's status: with publishNotReadyAddresses, a Service reports all endpoints as ready. */
const readyIn = (slices: readonly EndpointSlice[], { metadata, status }: Deployment): number =>
  Math.min(readyEndpoints(ownIn(slices, metadata.name)), status?.readyReplicas ?? 0);

export type StableSide = {
  readonly workload: Deployment;
  readonly apex: Service;
  /** The EndpointSlices of the apex. */
  readonly slices: readonly EndpointSlice[];
  readonly spec: Pick<ReleaseSpec, 'stable' | 'templateHash'>;
};

/** Without a record of the stable template, the apex is assumed to reach it. */
export const stableFacts = ({ workload, apex, slices, spec }: StableSide): StableFacts => {
  const released = reachableOf(workload.spec.template);
  const stable = spec.stable ?? released;
  const [cutOff, unfit] = [misfit(apex, stable, released), misfit(apex, released, stable)];
  return {
    ready: readyIn(slices, workload),
    ...(cutOff === undefined || spec.stable === undefined ? {} : { cutOff }),
    ...(unfit === undefined ? {} : { unfit }),
  };
};

/** Whether a canary of an earlier template than the workload's listens on no port that the Service sends to. */
export const ledPast = (apex: Service | undefined, canary: Deployment, workload: Deployment): boolean => {
  const [own, released] = [reachableOf(canary.spec.template), reachableOf(workload.spec.template)];
  return apex !== undefined && portMisfit(apex, own, released) !== undefined && !samePorts(own, released);
};

const samePorts = (one: Reachable, other: Reachable): boolean => isDeepStrictEqual(one.ports, other.ports);
