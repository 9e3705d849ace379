/**
 * The only parser of policies. The webhook and the controller share it, so the controller can read everything that was
 * admitted.
 */
import { nearest } from '../../schema/nearest.ts';
import { PolicySpecSchema, type PolicySpec } from '../../schema/policy.ts';
import {
  policySpecSchemas,
  withoutSelectors,
  type PolicyKind,
  type SelectingPolicySpec,
} from '../../schema/selecting-policy.ts';
import { asProblem, asWritten, findings, validate, type Finding } from '../../schema/validate.ts';
import { sizeFindings } from '../plan/plan-size.ts';
import type { AllowedAddress } from '../outbound/allowed-address.ts';
import { decideAddress } from '../outbound/decide-address.ts';
import type { QueryChecks } from '../questions/source-form.ts';
import type { Json, JsonObject, Labels } from '../../values/kube-object.ts';
import type { Problem } from '../../values/problem.ts';
import { Recent } from '../../values/recent.ts';
import { optInOf, type AppliedPolicy, type OptIn, type SelectingPolicy } from './opt-in.ts';
import type { Policy } from './policy.ts';
import { planFindings, providerWarnings, splitBy, type KnownProviders, type SplitBy } from './provider-plan.ts';
import { readAnnotations, type AnnotatedField } from './read-annotations.ts';
import { labelProblems } from './read-labels.ts';
import { resolvePolicy } from './resolve-policy.ts';
import { stepFindings, strategyWarnings } from './step-findings.ts';

export type FoundPolicy = { readonly kind: PolicyKind; readonly spec: SelectingPolicySpec };

/**
 * Looks up a policy by name and kind. Without a kind: the CanaryPolicy in the workload's namespace, else the
 * ClusterCanaryPolicy.
 */
export type PolicyLookup = (name: string, kind?: PolicyKind) => FoundPolicy | undefined;

export type PolicyInput = {
  /** All annotations of the workload. */
  readonly annotations?: Labels | undefined;
  readonly labels?: Labels | undefined;
  readonly namespace: string;
  readonly namespaceLabels?: Labels | undefined;
  /** The namespace that Sluice is installed in, if known. */
  readonly ownNamespace?: string | undefined;
  /** Policies of the namespace and of the cluster that select workloads. */
  readonly selecting?: readonly SelectingPolicy[];
  readonly find: PolicyLookup;
  /** Names that `find` knows, for suggestions. Called only if `find` finds nothing. */
  readonly names?: () => readonly string[];
  /** Checks queries, by kind of source. */
  readonly forms: QueryChecks;
  /** Capabilities against which a policy that names its provider is checked. If absent, every plan passes. */
  readonly providers?: KnownProviders;
  /** Addresses that policies may name. If absent, every address passes. */
  readonly addresses?: readonly AllowedAddress[];
};

/** What a policy is checked against besides its schema. */
export type HeldAgainst = Pick<PolicyInput, 'forms' | 'providers' | 'addresses' | 'ownNamespace'>;

export type ParsedSpec =
  | {
      readonly ok: true;
      readonly policy: Policy;
      /** The policy as written, with the annotations applied. A Release records it. */
      readonly spec: PolicySpec;
      /** Kind and name of the underlying policy, such as `CanaryPolicy/careful`. */
      readonly name?: string;
      /** How traffic will be split, as far as that is known before a release. */
      readonly splitBy?: SplitBy;
      /** Warnings about a valid policy, one line each. */
      readonly warnings?: readonly string[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** The only problem is that the named policy does not exist (yet). */
      readonly missing?: true;
    };

/** The policy of a workload, with whether and why it is opted in. */
export type ParsedPolicy = ParsedSpec & { readonly optIn: OptIn };

/** Alternative forms of the same setting: an annotation for one overrides all of them in the policy. */
const alternatives: Readonly<Record<string, readonly string[]>> = {
  weights: ['stepWeight', 'maxWeight'],
  stepWeight: ['weights'],
  maxWeight: ['weights'],
};

const merge = (base: JsonObject, over: readonly AnnotatedField[]): JsonObject => {
  const replaced = new Set(over.flatMap(({ field }) => alternatives[field] ?? []));
  return {
    ...Object.fromEntries(Object.entries(base).filter(([field]) => !replaced.has(field))),
    ...Object.fromEntries(over.map(({ field, value }) => [field, value])),
  };
};

const topField = (path: string): string => path.split(/[.[]/, 1)[0] ?? path;

/** The text that the person wrote for the value at `path`; for a list, the single item. */
const writtenIn = ({ text }: AnnotatedField, path: string): string => {
  const index = /\[(\d+)\]$/.exec(path)?.[1];
  return index === undefined ? text : (text.split(',')[Number(index)] ?? '').trim();
};

/** Locates a problem where the person wrote it: in the annotation, or else in the policy. */
const placeProblem = (
  finding: Finding,
  over: ReadonlyMap<string, AnnotatedField>,
  name: string | undefined,
): Problem => {
  const { rule } = finding;
  const path = (finding.among ?? [finding.path]).find((p) => over.has(topField(p))) ?? finding.path;
  const source = over.get(topField(path));
  if (source === undefined) {
    const value = finding.value === undefined ? {} : { value: asWritten(finding.value) };
    return { field: `${name ?? 'policy'} spec.${finding.path}`, ...value, rule, todo: finding.todo };
  }
  const example = `Write ${source.key}: "${source.example}", for example.`;
  const todo = finding.todo.startsWith('Write ') ? example : finding.todo;
  return { field: source.key, value: asWritten(writtenIn(source, path)), rule, todo };
};

const missingPolicy = ({ name, writtenAt = 'policy' }: AppliedPolicy, { namespace, names }: PolicyInput): Problem => {
  const all = [...new Set(names?.() ?? [])].sort();
  const near = nearest(name, all);
  const list = all.length === 0 ? 'Create it.' : `Create it, or name one of ${all.slice(0, 20).join(', ')}.`;
  return {
    field: writtenAt,
    value: asWritten(name),
    rule: `names no CanaryPolicy in the namespace ${namespace} and no ClusterCanaryPolicy`,
    todo: near === undefined ? list : `Did you mean "${near}"?`,
  };
};

/** Problems in the queries of a policy whose fields are all valid. */
const queryProblems = ({ checks = [] }: PolicySpec, { prometheus }: QueryChecks, at: string): readonly Problem[] =>
  checks.flatMap(({ query }, i) =>
    query === undefined
      ? []
      : prometheus.check(query).map((problem) => ({ ...problem, field: `${at}.checks[${i}].query` })),
  );

/** Reports an address that the operator does not allow. The spec has passed the schema. */
const addressFindings = ({ prometheus }: PolicySpec, addresses: HeldAgainst['addresses']): readonly Finding[] => {
  if (prometheus === undefined || addresses === undefined) return [];
  const decision = decideAddress(prometheus, addresses);
  return decision.allowed ? [] : [{ path: 'prometheus', value: prometheus, rule: decision.rule, todo: decision.todo }];
};

/** Sluice makes the Service in front of the canary and never takes over one of the user's. */
const previewFindings = ({ service, blueGreen }: PolicySpec): readonly Finding[] => {
  const apex = blueGreen?.activeService ?? service;
  const preview = blueGreen?.previewService;
  const ours = apex === undefined ? undefined : `${apex}-canary`;
  if (preview === undefined || preview === ours) return [];
  const todo = `Take it out, and use ${ours ?? "the Service's name with -canary"} to try the new version.`;
  return [{ path: 'blueGreen.previewService', value: preview, rule: 'is a Service that Sluice does not change', todo }];
};

/** Reports what cannot be carried out in a policy whose fields are all valid. */
const heldFindings = (
  spec: PolicySpec,
  { providers, addresses }: Pick<HeldAgainst, 'providers' | 'addresses'>,
): readonly Finding[] => [
  ...stepFindings(spec),
  ...previewFindings(spec),
  ...planFindings(spec, providers),
  ...addressFindings(spec, addresses),
  ...sizeFindings(spec, () => resolvePolicy(spec)),
];

/**
 * Parses a workload's policy: its `sluice.dev/` annotations override the policy that applies to it, which overrides the
 * defaults. Pure. Returns all problems at once, each at the annotation, label or policy field where it was written.
 */
export const parsePolicy = (input: PolicyInput): ParsedPolicy => {
  const optIn = optInOf({ ...input, policies: input.selecting ?? [] });
  return { ...parseWith(optIn, input), optIn };
};

type LookedUp = {
  readonly found?: FoundPolicy;
  /** Kind and name. */
  readonly name?: string;
  readonly missing: readonly Problem[];
};

const lookedUp = (wanted: AppliedPolicy | undefined, input: PolicyInput): LookedUp => {
  if (wanted === undefined) return { missing: [] };
  const found = input.find(wanted.name, wanted.kind);
  return found === undefined
    ? { missing: [missingPolicy(wanted, input)] }
    : { found, name: `${found.kind}/${wanted.name}`, missing: [] };
};

const parseWith = ({ policy: wanted }: OptIn, input: PolicyInput): ParsedSpec => {
  const read = readAnnotations(input.annotations);
  const { found, name, missing } = lookedUp(wanted, input);
  const spec = merge(withoutSelectors<JsonObject>(found?.spec ?? {}), read.fields);
  const over = new Map(read.fields.map((field) => [field.field, field]));
  const problems = [
    ...read.problems,
    ...labelProblems(input.labels),
    ...missing,
    ...specFindings(spec).map((finding) => placeProblem(finding, over, name)),
  ];
  if (problems.length > 0) return unread(problems, missing.length > 0);
  const valid = spec as PolicySpec;
  const named = name === undefined ? {} : { name };
  const held = heldFindings(valid, input).map((finding) => placeProblem(finding, over, name));
  // Only a policy object can have queries.
  const wrong = [...queryProblems(valid, input.forms, `${name ?? ''} spec`.trim()), ...held];
  return wrong.length > 0 ? { ok: false, problems: wrong } : { ...readable(valid, input.providers), ...named };
};

/** `misses` says whether one of the problems is a missing policy. */
const unread = (problems: readonly Problem[], misses: boolean): ParsedSpec => ({
  ok: false,
  problems,
  ...(misses && problems.length === 1 ? { missing: true } : {}),
});

/** Caches valid specs, because the webhook parses a workload's policy on every write. */
const withoutFindings = new Recent<true>(64);
/** Longest spec to cache, in characters. */
const worthKeeping = 16 * 1024;

const specFindings = (spec: JsonObject): readonly Finding[] => {
  const text = JSON.stringify(spec);
  if (withoutFindings.recall(text)) return [];
  const found = findings(PolicySpecSchema, spec);
  if (found.length === 0 && text.length <= worthKeeping) withoutFindings.keep(text, true);
  return found;
};

type Read = Extract<ParsedSpec, { ok: true }>;

const readable = (spec: PolicySpec, providers: KnownProviders | undefined): Read => {
  const policy = resolvePolicy(spec);
  const warnings = [...providerWarnings(policy.provider, providers), ...strategyWarnings(spec)];
  const by = splitBy(policy.provider, providers);
  return {
    ok: true,
    policy,
    spec,
    ...(by === undefined ? {} : { splitBy: by }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
};

/** Removes null fields, which the schema treats as unset. */
const withoutNulls = (value: Json | undefined): unknown =>
  JSON.parse(JSON.stringify(value), (_, inner: unknown) => inner ?? undefined) as unknown;

/** Parses the `spec` of a CanaryPolicy or ClusterCanaryPolicy alone. Field paths of problems begin with `spec.`. */
export const parsePolicySpec = (
  spec: Json | undefined,
  against: HeldAgainst,
  kind: PolicyKind = 'CanaryPolicy',
): ParsedSpec => {
  const problems = validate(policySpecSchemas[kind], spec, 'spec');
  if (problems.length > 0) return { ok: false, problems };
  const valid: PolicySpec = withoutSelectors(withoutNulls(spec) as SelectingPolicySpec);
  const wrong = [
    ...queryProblems(valid, against.forms, 'spec'),
    ...heldFindings(valid, against).map((finding) => asProblem(finding, 'spec')),
  ];
  return wrong.length > 0 ? { ok: false, problems: wrong } : readable(valid, against.providers);
};
