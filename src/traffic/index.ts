/** Every traffic provider by name. */
import type { ProviderName, TrafficProvider } from '../ports/traffic.ts';
import { istio } from './istio.ts';
import { kubernetes } from './kubernetes.ts';
import { memory } from './memory.ts';
import { linkerd, smi } from './smi.ts';

export const trafficProviders: Readonly<Record<ProviderName, TrafficProvider>> = {
  istio,
  linkerd,
  smi,
  kubernetes,
  memory,
};

/** Those that split the traffic of a cluster: all but the one for tests and demonstrations. */
export const meshProviders: readonly TrafficProvider[] = Object.values(trafficProviders).filter(
  (provider) => provider !== memory,
);
