import { annotations } from '../../schema/annotations.ts';
import { canaryName } from '../../schema/names.ts';
import { asWritten } from '../../schema/validate.ts';
import type { Problem } from '../../values/problem.ts';

/** Kubernetes' limit for names that are DNS subdomains. */
const longestName = 253;
/** `-` and the hash that the Deployment controller appends to a ReplicaSet's name: 32 bits in up to ten characters. */
const replicaSetSuffix = 11;
const longestWorkload = longestName - replicaSetSuffix - canaryName('').length;

/** A workload's name must be short enough for the name of its canary's ReplicaSet. */
export const nameProblems = (name: string): readonly Problem[] =>
  name.length <= longestWorkload
    ? []
    : [
        {
          field: 'metadata.name',
          value: asWritten(name),
          rule: `must be no more than ${longestWorkload} characters for a canary to be named after it, and has ${name.length}`,
          todo: `Give the workload a shorter name, or opt out with ${annotations.canary}: disabled.`,
        },
      ];
