import { annotations } from '../../schema/annotations.ts';
import { canaryName } from '../../schema/names.ts';
import { asWritten } from '../../schema/validate.ts';
import type { Problem } from '../../values/problem.ts';

/** Of the name of every object that is not a DNS label, as Kubernetes has it. */
const longestName = 253;
/** `-` and the hash that the Deployment controller gives a ReplicaSet: a number of 32 bits in up to ten characters. */
const replicaSetSuffix = 11;
const longestWorkload = longestName - replicaSetSuffix - canaryName('').length;

/** What is wrong with the name of a workload whose canary's ReplicaSet could never be made. */
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
