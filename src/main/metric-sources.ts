/** Metric sources, one per address, since limits apply per source. */
import { startedWith, type AllowedAddress } from '../core/outbound/allowed-address.ts';
import { decideAddress } from '../core/outbound/decide-address.ts';
import { guardedFetch } from '../http/guarded-fetch.ts';
import type { SourceRef } from '../core/questions/question.ts';
import { prometheus } from '../metrics/prometheus/prometheus.ts';
import type { Clock } from '../ports/clock.ts';
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
  /** By which windows are meant. */
  readonly clock: Clock;
};

/** A source that rejects every query with the reason. */
const refusing = (why: string): MetricSource => {
  const refuse = (): Promise<never> => Promise.reject(new MetricError('refused', why, { retry: false }));
  return { fetch: refuse, ping: refuse };
};

const namedByPolicy = (address: string, { addresses, clock }: SourceOptions): MetricSource => {
  const decision = decideAddress(address, addresses);
  if (decision.allowed) return prometheus({ address, clock, guarded: guardedFetch(decision) });
  const { rule, todo } = decision;
  return refusing(sentence({ field: 'prometheus', value: asWritten(address), rule, todo }));
};

export const metricSources = (options: SourceOptions): ((ref: SourceRef) => MetricSource | undefined) => {
  const { own, clock } = options;
  const ownSource = own === undefined ? undefined : prometheus({ address: own, clock });
  const ownEntry = own === undefined ? undefined : startedWith(own);
  const isOwn = (address: string): boolean => ownEntry !== undefined && decideAddress(address, [ownEntry]).allowed;
  const known = new Map<string, MetricSource>();
  return ({ address }) => {
    if (address === undefined) return ownSource;
    const found = known.get(address);
    if (found !== undefined) return found;
    if (known.size >= mostSources) known.clear();
    // A policy that names Sluice's own address gets the same source, with its credentials.
    const made = (isOwn(address) ? ownSource : undefined) ?? namedByPolicy(address, options);
    known.set(address, made);
    return made;
  };
};
