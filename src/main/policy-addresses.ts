import type { Config } from '../config/settings.ts';
import { startedWith, type AllowedAddress } from '../core/outbound/allowed-address.ts';

/** Addresses that policies may name: the operator's list and Sluice's own Prometheus. */
export const policyAddresses = ({
  prometheus,
  allowedAddresses = [],
}: Pick<Config, 'prometheus' | 'allowedAddresses'>): readonly AllowedAddress[] => {
  const own = prometheus === undefined ? undefined : startedWith(prometheus);
  return own === undefined ? allowedAddresses : [own, ...allowedAddresses];
};
