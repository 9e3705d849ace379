/**
 * The largest plan allowed. A Release stores the plan together with the policy as written and the evidence, in a single
 * object.
 */
import type { PolicySpec } from '../../schema/policy.ts';
import type { Finding } from '../../schema/validate.ts';
import type { Policy } from '../policy/policy.ts';
import { compile } from './compile.ts';
import { record } from './record.ts';

/** Bytes of JSON. 100 weights and 32 checks with queries of 4096 characters make about 150 kB; etcd accepts 1.5 MiB. */
export const maxPlanBytes = 256 * 1024;

/** Checks with fewer characters than this never reach the limit: a character takes at most six bytes. */
const smallChecks = 24 * 1024;

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} kB`;

/** Reports a policy whose plan is too large to be recorded in a Release. */
export const sizeFindings = ({ checks = [] }: PolicySpec, policy: () => Policy): readonly Finding[] => {
  if (checks.reduce((sum, { query = '' }) => sum + query.length, 0) <= smallChecks) return [];
  const bytes = new TextEncoder().encode(JSON.stringify(record(compile(policy())))).length;
  if (bytes <= maxPlanBytes) return [];
  const rule = `must fit into a plan of ${kilobytes(maxPlanBytes)}, which every Release records, and make ${kilobytes(bytes)}`;
  return [
    { path: 'checks', value: `${checks.length} checks`, rule, todo: 'Shorten the queries, or leave checks out.' },
  ];
};
