/** Admission of a workload: a pure decision from the old object, the new object and the policy. */
import { isOurs } from '../../schema/names.ts';
import type { Deployment } from '../../values/kube-object.ts';
import { byItself, isSwitchedOff } from '../policy/opt-in.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { Problem } from '../../values/problem.ts';
import { copiesPause, factsOf, type DecideInput, type Facts } from './facts.ts';
import { annotationPatch } from './json-patch.ts';
import type { JsonPatchOp } from '../../values/json-pointer.ts';
import { markEdits } from '../marks/marks.ts';
import { nameProblems } from './name-problems.ts';
import { templateHash } from '../template/template-hash.ts';
import { isWithoutEffect } from './user-annotations.ts';
import { rows, type Row, type Ruling } from './rows.ts';
import { templateChange, type TemplateChange } from './template-change.ts';
import {
  createdWarning,
  doubledWarnings,
  firstWithoutPolicyWarning,
  missingPolicyWarnings,
  missingReleasesWarnings,
  notOptedInWarning,
  passedOverWarnings,
  podSplit,
} from './warnings.ts';
import { uncoveredWarnings } from './uncovered.ts';

/** The row of the table that decided; a metric label. */
export type CaseName = Row['case'] | 'own-write' | 'own-object' | 'created' | 'invalid';

export type Decision = {
  readonly case: CaseName;
  /** Why, in a line. */
  readonly because: string;
  readonly allowed: boolean;
  /** Everything that is wrong with the write, when it is denied. */
  readonly problems: readonly Problem[];
  /** Shown to the person who made the write, one line each. */
  readonly warnings: readonly string[];
  /** Changes only `/spec/paused` and the marks. */
  readonly patch: readonly JsonPatchOp[];
  /** For the audit log, if the write is about the workload's template. */
  readonly change?: TemplateChange;
};

/**
 * Decides about a CREATE or UPDATE of a Deployment. The decision depends only on the input, so dry runs and
 * reinvocations get the same answer, and applying it to its own result changes nothing.
 */
export const decide = (input: DecideInput): Decision => {
  if (input.sluiceUsers.includes(input.user)) return untouched('own-write', 'Sluice writes this itself');
  if (isOurs(input.old ?? input.object))
    return untouched('own-object', 'the object belongs to Sluice and is no workload');
  if (input.operation === 'CREATE' || input.old === undefined) return decideCreate(input);
  return decideUpdate(factsOf(input, input.old));
};

const decideUpdate = (facts: Facts): Decision => {
  // The last row always matches.
  const row = rows.find(({ when }) => when(facts)) as Row;
  const wrong = facts.annotationsChanged && !isSwitchedOff(facts.parsed.optIn);
  const { parsed } = facts;
  const concerns = wrong || row.needsPolicy === true;
  if (!parsed.ok && parsed.missing === undefined && concerns) return invalid(parsed.problems);
  const unnameable = row.needsPolicy === true ? nameProblems(facts.object.metadata.name) : [];
  if (unnameable.length > 0) return invalid(unnameable);
  const ruling = row.then(facts);
  const starts = row.needsPolicy === true;
  const missing = starts ? missingReleasesWarnings(facts) : [];
  const warnings = [
    ...(concerns ? missingPolicyWarnings(parsed, starts) : []),
    ...(starts ? passedOverWarnings(parsed) : []),
  ];
  const change = templateChange(row.case, facts, ruling.marks);
  return {
    ...ruled(row.case, row.because, facts.object, {
      ...ruling,
      warnings: [...missing, ...ruling.warnings, ...warnings],
    }),
    ...(change === undefined ? {} : { change }),
  };
};

const decideCreate = (input: DecideInput): Decision => {
  const { object } = input;
  const parsed = input.policyOf(object);
  if (!parsed.ok && parsed.missing === undefined && !isSwitchedOff(parsed.optIn)) return invalid(parsed.problems);
  const unnameable = parsed.optIn.optedIn ? nameProblems(object.metadata.name) : [];
  if (unnameable.length > 0) return invalid(unnameable);
  const asSent = { paused: 'as-sent', marks: {} } as const;
  if (parsed.optIn.optedIn) {
    const because = 'there is no version before that a canary could be compared with';
    const marks = { admitted: templateHash(object.spec.template) };
    // A manifest or backup taken during a release contains Sluice's pause, which nobody would ever lift.
    const paused = copiesPause(object) ? false : 'as-sent';
    const waits = paused === 'as-sent' && object.spec.paused === true;
    return ruled('created', because, object, { paused, marks, warnings: firstVersion(input, parsed, waits) });
  }
  const warnings = isWithoutEffect(object.metadata, parsed.optIn) ? [notOptedInWarning] : [];
  return ruled('not-opted-in', 'the workload has not asked for canary releases', object, { ...asSent, warnings });
};

const firstVersion = (input: DecideInput, parsed: ParsedPolicy, paused: boolean): readonly string[] =>
  parsed.ok
    ? [
        createdWarning(parsed.policy, paused),
        ...podSplit(input.object, parsed),
        ...uncoveredWarnings(input.object, parsed, input),
        ...(parsed.warnings ?? []),
        ...(byItself(parsed.optIn) ? doubledWarnings(input.object, parsed.optIn, input.claimModes) : []),
        ...passedOverWarnings(parsed),
      ]
    : [firstWithoutPolicyWarning(paused), ...missingPolicyWarnings(parsed, false)];

const untouched = (name: CaseName, because: string): Decision => ({
  case: name,
  because,
  allowed: true,
  problems: [],
  warnings: [],
  patch: [],
});

const invalid = (problems: readonly Problem[]): Decision => ({
  ...untouched('invalid', 'the policy of the workload cannot be read'),
  allowed: false,
  problems,
});

const ruled = (name: CaseName, because: string, object: Deployment, ruling: Ruling): Decision => ({
  ...untouched(name, because),
  warnings: ruling.warnings,
  patch: [
    ...pausePatch(object, ruling.paused),
    ...annotationPatch(object.metadata.annotations, markEdits(ruling.marks)),
  ],
});

const pausePatch = ({ spec }: Deployment, paused: Ruling['paused']): readonly JsonPatchOp[] => {
  if (paused === 'as-sent' || paused === (spec.paused ?? false)) return [];
  return paused ? [{ op: 'add', path: '/spec/paused', value: true }] : [{ op: 'remove', path: '/spec/paused' }];
};
