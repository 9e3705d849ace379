/** The reference docs of annotations and custom resources, generated from the schemas. */
import {
  annotationMeanings,
  annotations,
  breakGlassAnnotation,
  marks,
  optInLabels,
  policyAnnotations,
  splitAnnotation,
  workloadAnnotation,
} from '../schema/annotations.ts';
import { definitions, type Definition } from './crds.ts';
import { apiVersion, group } from '../schema/names.ts';
import { nodeOf, typeOf, valuesOf, type SchemaNode } from '../schema/node.ts';
import { builtInChecks } from '../schema/policy-rules.ts';
import { PolicySpecSchema } from '../schema/policy.ts';
import { ClusterCanaryPolicySpecSchema } from '../schema/selecting-policy.ts';
import { allowed } from '../schema/words.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => `\`${text}\``;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))].map((row) => `| ${row.join(' | ')} |`).join('\n');
const page = (...parts: readonly string[]): string => `${parts.join('\n\n')}\n`;

const allowedIn = (node: SchemaNode): string => {
  const { items } = node;
  if (items !== undefined) {
    return typeOf(items) === 'object' ? allowed(node) : `${allowed(node)}, each ${allowed(items)}`;
  }
  return typeOf(node) === 'object' ? 'an object' : allowed(node);
};

const fieldRows = (node: SchemaNode, prefix: string, stop: readonly string[] = []): readonly (readonly string[])[] =>
  Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const byDefault = child.default === undefined ? '' : code(String(child.default));
    const required = node.required?.includes(name) === true ? 'required' : byDefault;
    const below = stop.includes(path) ? [] : fieldRows(child, `${path}.`, stop);
    const items = child.items === undefined ? [] : fieldRows(child.items, `${path}[].`, stop);
    const values = fieldRows(valuesOf(child) ?? {}, `${path}.*.`, stop);
    return [[code(path), allowedIn(child), required, child.description ?? ''], ...below, ...items, ...values];
  });

const fieldTable = (node: SchemaNode, stop?: readonly string[]): string =>
  table(['Field', 'Allowed', 'Default', 'Meaning'], fieldRows(node, '', stop));

const ruleList = (node: SchemaNode, prefix = ''): readonly string[] => [
  ...(node.rules ?? []).map((rule) => {
    const subject = rule.fields[0] === undefined ? prefix.replace(/\.$/, '') : `${prefix}${rule.fields[0]}`;
    return `- ${subject === '' ? 'it' : code(subject)} ${rule.message}. ${rule.todo}`;
  }),
  ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => [
    ...ruleList(child, `${prefix}${name}.`),
    ...(child.items === undefined ? [] : ruleList(child.items, `${prefix}${name}[].`)),
  ]),
];

const of = (kind: string): Definition => {
  const found = definitions.find((definition) => definition.kind === kind);
  if (found === undefined) throw new Error(`no definition of ${kind}`);
  return found;
};

const heading = (kind: string): string => {
  const { description, shortName, plural } = of(kind);
  return `${description} \`${apiVersion}\`, \`kubectl get ${plural}\` (\`${shortName}\`).`;
};

const policyRow = (key: string, { field, example }: { field: string; example: string }): readonly string[] => {
  const node = nodeOf(PolicySpecSchema).properties?.[field] ?? {};
  const byDefault = node.default === undefined ? '' : code(String(node.default));
  return [code(`${group}/${key}`), code(example), allowedIn(node), byDefault, node.description ?? ''];
};

const ownRow = (key: string): readonly string[] => {
  const { example, meaning } = annotationMeanings[key] ?? { example: '', meaning: '' };
  return [code(key), code(example), '', '', meaning];
};

/** Page of the annotations that users write on a workload. */
export const annotationsPage = (): string =>
  page(
    '# Annotations',
    `Written on a Deployment. All are optional; \`${annotations.canary}: enabled\` or \`${annotations.policy}\` opts in. Each of the others is a field of a [policy](canarypolicy.md), and overrides the policy's field. \`steps\` takes the place of \`step-weight\` and \`max-weight\`, and the reverse.`,
    table(
      ['Annotation', 'Example', 'Allowed', 'Default', 'Meaning'],
      [
        ...Object.values(annotations).map(ownRow),
        ...Object.entries(policyAnnotations).map(([key, entry]) => policyRow(key, entry)),
      ],
    ),
    '## Labels',
    `${Object.values(optInLabels).map(code).join(' and ')} may be labels instead, of the Deployment or of its namespace; an annotation comes first. A label of the Deployment under \`${group}/\` that is none of them is refused. What wins over what: [opting in](../opting-in.md).`,
    '## Kept by Sluice',
    `Bound to one template, and inert on any other; what anybody else writes there is replaced: ${Object.values(marks).map(code).join(', ')}.`,
    `On a route of yours, while a release splits its traffic: ${code(splitAnnotation)}. On what Sluice makes for a release: ${code(workloadAnnotation)}, and ${code(breakGlassAnnotation)} by those who have the right. Both are told of in [guards](../guards.md).`,
  );

/** Page of CanaryPolicy and ClusterCanaryPolicy. */
export const policyPage = (): string =>
  page(
    '# CanaryPolicy and ClusterCanaryPolicy',
    `- **CanaryPolicy**: ${heading('CanaryPolicy')}\n- **ClusterCanaryPolicy**: ${heading('ClusterCanaryPolicy')}`,
    'Both have the same `spec`, but for `namespaceSelector`, which only a ClusterCanaryPolicy has; every field is optional. The API server and the webhook hold it to the same rules. Which policy applies to a workload that names none, or is selected by several: [opting in](../opting-in.md).',
    '## Fields of `spec`',
    fieldTable(nodeOf(ClusterCanaryPolicySpecSchema)),
    `Checks named ${Object.values(builtInChecks).map(code).join(' and ')} are built in.`,
    '## Rules between fields',
    ruleList(nodeOf(ClusterCanaryPolicySpecSchema)).join('\n'),
  );

/** Page of Release. */
export const releasePage = (): string => {
  const { spec, status, columns } = of('Release');
  const shown = (wide: boolean): string =>
    columns
      .filter((column) => (column.wide === true) === wide)
      .map(({ name }) => name)
      .join(', ');
  return page(
    '# Release',
    heading('Release'),
    'Made by Sluice. The `spec` records what was asked and never changes; `spec.policy` has the fields of a [policy](canarypolicy.md), as they were written.',
    `\`kubectl get releases\` shows: ${shown(false)}; with \`-o wide\` also ${shown(true)}.`,
    '## Fields of `spec`',
    fieldTable(nodeOf(spec), ['policy']),
    '## Fields of `status`',
    fieldTable(status === undefined ? {} : nodeOf(status)),
  );
};
