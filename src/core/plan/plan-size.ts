/** How large a plan may be: a Release holds it beside the policy as written and the evidence, and has to be stored as one object. */
import type { PolicySpec } from '../../schema/policy.ts';
import type { Finding } from '../../schema/validate.ts';
import type { Policy } from '../policy/policy.ts';
import { compile } from './compile.ts';
import { record } from './record.ts';

/** Bytes of JSON. 100 weights and 32 checks with queries of 4096 letters make about 150 kB; etcd takes 1.5 MiB. */
export const maxPlanBytes = 256 * 1024;

/** Characters of checks that cannot come near the bound, whatever they are: at most six bytes each. */
const smallChecks = 24 * 1024;

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} kB`;

/** A policy whose plan a Release could not record. */
export const sizeFindings = ({ checks = [] }: PolicySpec, policy: () => Policy): readonly Finding[] => {
  if (checks.reduce((sum, { query = '' }) => sum + query.length, 0) <= smallChecks) return [];
  const bytes = new TextEncoder().encode(JSON.stringify(record(compile(policy())))).length;
  if (bytes <= maxPlanBytes) return [];
  const rule = `must fit into a plan of ${kilobytes(maxPlanBytes)}, which every Release records, and make ${kilobytes(bytes)}`;
  return [
    { path: 'checks', value: `${checks.length} checks`, rule, todo: 'Shorten the queries, or leave checks out.' },
  ];
};
