import type { Config } from '../config/settings.ts';
import { startedWith, type AllowedAddress } from '../core/outbound/allowed-address.ts';

/** What policies may have Sluice ask: the operator's list, and where Sluice itself asks. */
export const policyAddresses = ({
  prometheus,
  allowedAddresses = [],
}: Pick<Config, 'prometheus' | 'allowedAddresses'>): readonly AllowedAddress[] => {
  const own = prometheus === undefined ? undefined : startedWith(prometheus);
  return own === undefined ? allowedAddresses : [own, ...allowedAddresses];
};
