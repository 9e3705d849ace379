/** Metric sources, one per address, so that identical concurrent queries are sent once. */
import { startedWith, type AllowedAddress } from '../core/outbound/allowed-address.ts';
import { decideAddress } from '../core/outbound/decide-address.ts';
import { guardedFetch } from '../http/guarded-fetch.ts';
import { batch } from '../metrics/batch.ts';
import { prometheus } from '../metrics/prometheus.ts';
import { MetricError, type MetricSource } from '../ports/metrics.ts';
import { asWritten } from '../schema/validate.ts';
import { sentence } from '../values/problem.ts';

// Addresses come from policies, so the map needs a bound.
const mostSources = 256;

export type SourceOptions = {
  /** Sluice's own address, used without any restriction. */
  readonly own: string | undefined;
  /** Addresses that policies may name. Admission checks them too, but older policies may have bypassed it. */
  readonly addresses: readonly AllowedAddress[];
};

/** A source that rejects every query with the reason. */
const refusing = (why: string): MetricSource => {
  const refuse = (): Promise<never> => Promise.reject(new MetricError('refused', why, { retry: false }));
  return { kind: 'prometheus', check: () => [], fetch: refuse, ping: refuse };
};

const namedByPolicy = (address: string, addresses: SourceOptions['addresses']): MetricSource => {
  const decision = decideAddress(address, addresses);
  if (decision.allowed) return batch(prometheus({ address, guarded: guardedFetch(decision) }));
  const { rule, todo } = decision;
  return refusing(sentence({ field: 'prometheus', value: asWritten(address), rule, todo }));
};

export const metricSources = ({
  own,
  addresses,
}: SourceOptions): ((address: string | undefined) => MetricSource | undefined) => {
  const ownSource = own === undefined ? undefined : batch(prometheus({ address: own }));
  const ownEntry = own === undefined ? undefined : startedWith(own);
  const isOwn = (address: string): boolean => ownEntry !== undefined && decideAddress(address, [ownEntry]).allowed;
  const known = new Map<string, MetricSource>();
  return (address) => {
    if (address === undefined) return ownSource;
    const found = known.get(address);
    if (found !== undefined) return found;
    if (known.size >= mostSources) known.clear();
    // A policy that names Sluice's own address gets the same source, with its credentials.
    const made = (isOwn(address) ? ownSource : undefined) ?? namedByPolicy(address, addresses);
    known.set(address, made);
    return made;
  };
};
