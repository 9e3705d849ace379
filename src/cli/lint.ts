import { parsePolicy, parsePolicySpec, type FoundPolicy, type ParsedSpec } from '../core/policy/parse-policy.ts';
import { compile } from '../core/plan/compile.ts';
import { planTable } from '../core/plan/plan-table.ts';
import type { PolicyKind } from '../schema/selecting-policy.ts';
import { group } from '../schema/names.ts';
import { policySpecSchemas } from '../schema/selecting-policy.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { sentence } from '../values/problem.ts';
import { PluginError } from './plugin-error.ts';
import { span, table } from './render-text.ts';
import { textOf, type LocalVerb, type Workplace } from './verb.ts';

const replicasUnlessSaid = 10;

const isPolicy = (kind: string): kind is PolicyKind => Object.hasOwn(policySpecSchemas, kind);

type Linted = { readonly object: KubeObject; readonly parsed: ParsedSpec; readonly replicas: number };

const replicasOf = (object: KubeObject, asked: number | undefined): number => {
  const written = object.spec?.['replicas'];
  return asked ?? (typeof written === 'number' ? written : replicasUnlessSaid);
};

/** Policies are looked for in the same files; the namespace does not matter. */
const policiesOf =
  (objects: readonly KubeObject[]) =>
  (name: string, wanted?: PolicyKind): FoundPolicy | undefined =>
    objects
      .filter(({ metadata }) => metadata.name === name)
      .flatMap(({ kind, spec }) =>
        isPolicy(kind) && (wanted ?? kind) === kind ? [{ kind, spec: spec ?? {} }] : [],
      )[0];

const parsedOf = (object: KubeObject, objects: readonly KubeObject[], { forms }: Workplace): ParsedSpec | undefined => {
  if (isPolicy(object.kind)) return parsePolicySpec(object.spec, { forms }, object.kind);
  const own = object.metadata.annotations ?? {};
  if (object.kind !== 'Deployment' || !Object.keys(own).some((key) => key.startsWith(`${group}/`))) return undefined;
  return parsePolicy({
    annotations: own,
    labels: object.metadata.labels,
    namespace: object.metadata.namespace ?? 'default',
    find: policiesOf(objects),
    forms,
  });
};

const stagesText = ({ parsed, replicas }: Linted): readonly string[] => {
  if (!parsed.ok) return parsed.problems.map((problem) => `  ${sentence(problem)}`);
  const { rows, least, people } = planTable(compile(parsed.policy), replicas);
  const lines = table([
    ['  STAGE', 'DOES', 'LASTS', `CANARY PODS OF ${replicas}`],
    ...rows.map(({ id, does, lasts, pods }) => [`  ${id}`, does, lasts, String(pods)]),
  ]);
  const waits = people === 0 ? '' : `, and as long as people take (${people} ${people === 1 ? 'time' : 'times'})`;
  const warnings = (parsed.warnings ?? []).map((warning) => `  Warning: ${warning}`);
  return [...lines, `  At least ${span(least)}${waits}, beside the time that pods need to start.`, ...warnings];
};

const titled = (linted: Linted): string => {
  const { object, parsed } = linted;
  const verdict = parsed.ok ? `provider ${parsed.policy.provider}` : 'cannot be used:';
  return [`${object.kind} ${object.metadata.name}: ${verdict}`, ...stagesText(linted)].join('\n');
};

const count = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,5}$/.test(text))
    throw new PluginError(
      `--replicas "${text}" must be a whole number from 0 to 99999.`,
      'Write --replicas 10, for example.',
    );
  return Number(text);
};

/** Needs no cluster: what can only be known there (the provider that `auto` takes, allowed addresses) is not looked at. */
export const lint: LocalVerb = {
  name: 'lint',
  workload: 'none',
  summary: 'check policies in a file, and show what they would do, before anything is applied',
  options: [
    {
      flags: '-f, --filename <file>',
      meaning: 'YAML with policies, and workloads that name them; - for standard input',
      required: true,
    },
    { flags: '--replicas <number>', meaning: `size of the workload; its own, or ${replicasUnlessSaid}, unless set` },
  ],
  runLocally: async (workplace, call) => {
    const asked = count(textOf(call, 'replicas'));
    const file = textOf(call, 'filename') ?? '-';
    const objects = await workplace.readObjects(file);
    const linted = objects.flatMap((object) => {
      const parsed = parsedOf(object, objects, workplace);
      return parsed === undefined ? [] : [{ object, parsed, replicas: replicasOf(object, asked) }];
    });
    if (linted.length === 0)
      throw new PluginError(
        `${file} has no policy and no workload with annotations of Sluice.`,
        'Name a file with a CanaryPolicy, a ClusterCanaryPolicy or a Deployment.',
      );
    workplace.terminal.out(`${linted.map(titled).join('\n\n')}\n`);
    return linted.every(({ parsed }) => parsed.ok) ? 0 : 1;
  },
};
