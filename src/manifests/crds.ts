/** The CustomResourceDefinitions, from the schemas. */
import type { TSchema } from 'typebox';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { apiVersion, group, version } from '../schema/names.ts';
import { nodeOf } from '../schema/node.ts';
import { ReleaseSpecSchema, ReleaseStatusSchema } from '../schema/release.ts';
import { policySpecSchemas } from '../schema/selecting-policy.ts';
import { structural } from './structural.ts';

type Column = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** Shown only with `-o wide`. */
  readonly wide?: true;
};

export type Definition = {
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly shortName: string;
  readonly description: string;
  readonly spec: TSchema;
  /** Kinds with a status have the subresource. */
  readonly status?: TSchema;
  /** Whether users write it, as opposed to Sluice. */
  readonly byPeople: boolean;
  readonly columns: readonly Column[];
};

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const policyColumns: readonly Column[] = [
  { name: 'Provider', type: 'string', jsonPath: '.spec.provider' },
  { name: 'Weights', type: 'string', jsonPath: '.spec.weights', description: 'Where the policy lists them.' },
  age,
];
const releaseColumns: readonly Column[] = [
  { name: 'Workload', type: 'string', jsonPath: '.spec.workload.name' },
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Step', type: 'string', jsonPath: '.status.stepLabel' },
  {
    name: 'Weight',
    type: 'integer',
    jsonPath: '.status.weight',
    description: 'Percent of traffic wanted for the canary.',
  },
  { name: 'Share', type: 'number', jsonPath: '.status.share.percent', description: 'Percent that it is seen to get.' },
  { name: 'Message', type: 'string', jsonPath: '.status.message' },
  { name: 'From', type: 'string', jsonPath: '.spec.from', description: 'Release of the template before.', wide: true },
  { name: 'User', type: 'string', jsonPath: '.spec.requestedBy.user', description: 'Who asked for it.', wide: true },
  { name: 'Tool', type: 'string', jsonPath: '.spec.requestedBy.tool', description: 'And with what.', wide: true },
  age,
];

export const definitions: readonly Definition[] = [
  {
    ...kinds.canaryPolicy,
    shortName: 'cpol',
    description:
      'How to release the workloads of this namespace that name it in sluice.dev/policy, or that it selects.',
    spec: policySpecSchemas.CanaryPolicy,
    byPeople: true,
    columns: policyColumns,
  },
  {
    ...kinds.clusterCanaryPolicy,
    shortName: 'ccpol',
    description:
      'How to release the workloads that name it in sluice.dev/policy, in every namespace without a CanaryPolicy of that name, or that it selects.',
    spec: policySpecSchemas.ClusterCanaryPolicy,
    byPeople: true,
    columns: policyColumns,
  },
  {
    ...kinds.release,
    shortName: 'rel',
    description: 'One attempt to bring one new template to production: the truth about it, and its audit record.',
    spec: ReleaseSpecSchema,
    status: ReleaseStatusSchema,
    byPeople: false,
    columns: releaseColumns,
  },
];

const names = (definition: Definition): JsonObject => ({
  kind: definition.kind,
  listKind: `${definition.kind}List`,
  plural: definition.plural,
  singular: definition.kind.toLowerCase(),
  shortNames: [definition.shortName],
  categories: ['sluice'],
});

const objectSchema = ({ spec, status, byPeople, description }: Definition): JsonObject => ({
  type: 'object',
  description,
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string', description: `\`${apiVersion}\`.` },
    kind: { type: 'string', description: 'The kind of this object.' },
    metadata: { type: 'object' },
    spec: structural(nodeOf(spec), byPeople),
    ...(status === undefined ? {} : { status: structural(nodeOf(status), byPeople) }),
  },
});

const crd = (definition: Definition): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${definition.plural}.${group}` },
  spec: {
    group,
    names: names(definition),
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: objectSchema(definition) },
        additionalPrinterColumns: definition.columns.map(({ wide, ...column }) =>
          wide === undefined ? column : { ...column, priority: 1 },
        ),
        ...(definition.status === undefined ? {} : { subresources: { status: {} } }),
      },
    ],
  },
});

/** CanaryPolicy, ClusterCanaryPolicy and Release, ready to be applied. */
export const crds = (): readonly KubeObject[] => definitions.map(crd);
