/** Services that no route can split, whatever the mesh. */
import type { Service } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';

export const apexProblems = ({ metadata, spec }: Service): readonly Problem[] => {
  const field = `Service/${metadata.name}`;
  if (spec.type === 'ExternalName')
    return [
      {
        field: `${field} spec.type`,
        value: spec.type,
        rule: 'leads out of the cluster, so its traffic never reaches the pods that are released',
        todo: "Name the Service in front of the workload's pods with the annotation sluice.dev/service.",
      },
    ];
  if (Object.keys(spec.selector ?? {}).length > 0) return [];
  return [
    {
      field: `${field} spec.selector`,
      rule: 'is missing, so somebody else keeps its endpoints and the canary cannot be told from stable',
      todo: 'Give the Service a selector, or name another with the annotation sluice.dev/service.',
    },
  ];
};
