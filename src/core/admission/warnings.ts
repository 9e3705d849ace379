/** Admission warnings: what happens now, and the command that helps. */
import { annotations as keys, marks as markKeys } from '../../schema/annotations.ts';
import type { Deployment } from '../../values/kube-object.ts';
import { byItself, type OptIn } from '../policy/opt-in.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { templateDiff } from '../template/template-diff.ts';
import { sentence } from '../../values/problem.ts';
import { releasesMissing, withoutReleases } from '../release/releases-missing.ts';
import type { Facts } from './facts.ts';
import { weightsOf } from '../plan/policy-weights.ts';
import { strategyText } from './plan-text.ts';
import { podSplitWarnings } from './pod-split.ts';
import { notDoubled, type ClaimModes } from './not-doubled.ts';
import { uncoveredWarnings } from './uncovered.ts';
import { readMarks, type MarkName, type Marks } from '../marks/marks.ts';

const shownText = 120;
const shownFailure = 1000;
const shownPolicies = 5;

/** `kubectl sluice watch web -n shop` */
const command = (verb: string, { metadata }: Deployment): string =>
  `kubectl sluice ${verb} ${metadata.name}${inNamespace(metadata.namespace)}`;

const inNamespace = (namespace: string | undefined): string => (namespace === undefined ? '' : ` -n ${namespace}`);

/** A user's text, made safe for an HTTP warning header: one line of bounded length. */
const quoted = (text: string, shown = shownText): string => {
  const cut = text.length <= shown ? text : `${text.slice(0, shown - 1)}…`;
  return `"${cut.replace(/\p{Cc}+/gu, ' ')}"`;
};

const plan = (policy: Policy): string => {
  const approval = policy.approval === 'required' ? ', then promotion once it is approved' : ', then promotion';
  return `${strategyText(policy)}${approval} (provider ${policy.provider})`;
};

const follow = (facts: Facts): string =>
  `follow it with: ${command('watch', facts.object)} (or kubectl get releases${inNamespace(facts.object.metadata.namespace)})`;

const changes = (facts: Facts): readonly string[] => {
  if (facts.input.warningsUnused === true) return [];
  const lines = templateDiff(facts.old.spec.template, facts.object.spec.template);
  return lines.length === 0 ? [] : [`what changed: ${lines.join('; ')}`];
};

const staleSkip = ({ staleSkip: text }: Facts): readonly string[] =>
  text === undefined
    ? []
    : [
        `sluice.dev/skip ${quoted(text)} is from an earlier change and has no effect on this one; change its text to skip this template`,
      ];

export const releaseWarnings = (facts: Facts): readonly string[] => {
  const steps = facts.policy === undefined ? '' : `: ${plan(facts.policy)}`;
  return [
    `canary release ${facts.wanted.release}${steps}; the version before keeps serving`,
    follow(facts),
    ...changes(facts),
    ...((facts.parsed.ok && facts.parsed.warnings) || []),
    ...podSplit(facts.object, facts.parsed),
    ...uncoveredWarnings(facts.object, facts.parsed, facts.input),
    ...doubledWarnings(facts.object, facts.parsed.optIn, facts.input.claimModes),
    ...staleSkip(facts),
  ];
};

/** What share of the traffic the steps really are, where pods split it. */
export const podSplit = ({ spec }: Deployment, parsed: ParsedPolicy): readonly string[] =>
  parsed.ok ? podSplitWarnings(weightsOf(parsed.policy), spec.replicas ?? 1, parsed.splitBy) : [];

/** For who opts in a workload whose pods should not, or cannot, run beside each other, or may have no traffic. */
export const doubledWarnings = (
  object: Deployment,
  optIn: OptIn,
  modesOf: ClaimModes | undefined,
): readonly string[] =>
  byItself(optIn)
    ? notDoubled(object, modesOf).map(
        ({ what, happens }) => `${what}: ${happens}. If that must not be, write ${keys.canary}: disabled`,
      )
    : ['only its namespace or a selector opts this workload in: if no Service selects its pods, it rolls natively'];

export const rollsAloneWarnings = (facts: Facts): readonly string[] => [
  `this template rolls natively: ${facts.rollsAlone} says that its pods should not run beside each other, and only its namespace or a selector opts it in; for canary releases all the same, write ${keys.canary}: enabled on it`,
];

export const supersededWarnings = (facts: Facts): readonly string[] => [
  `release ${facts.bound?.release} is superseded by this change`,
  ...releaseWarnings(facts),
];

export const failedReplacedWarnings = (facts: Facts): readonly string[] => [
  `the failed template of release ${facts.bound?.release} is replaced`,
  ...releaseWarnings(facts),
];

export const pauseKeptWarnings = (facts: Facts): readonly string[] => [
  `the workload stays paused: release ${facts.bound?.release} decides when it rolls, and resuming it is not an approval`,
  `promote it with: ${command('promote', facts.object)}; go back with: ${command('abort', facts.object)}; roll without a canary with: ${command('skip', facts.object)} --reason WHY`,
];

const failure = (facts: Facts, release: string, then: string): readonly string[] => {
  const why = facts.input.failureOf?.(release);
  const outcome = facts.failedBefore?.outcome === 'Aborted' ? 'was aborted' : 'has failed';
  return [
    `release ${release} of this template ${outcome}${why === undefined ? '' : ` (${quoted(why, shownFailure)})`}; ${then}`,
    `try it again with: ${command('retry', facts.object)}; go back with: ${command('abort', facts.object)}; or apply another template`,
  ];
};

export const failureWarnings = (facts: Facts): readonly string[] =>
  failure(facts, facts.bound?.release ?? '', 'the workload stays paused on the version before');

export const failedAgainWarnings = (facts: Facts): readonly string[] => [
  ...failure(
    facts,
    facts.failedBefore?.release ?? '',
    'it comes back and is held: no release starts, and the version before keeps serving',
  ),
  ...changes(facts),
];

export const abortedWarnings = (facts: Facts): readonly string[] => [
  `release ${facts.bound?.release} is aborted: this is the template that serves`,
];

export const rolledBackWarnings = (facts: Facts): readonly string[] => [
  'this template was good before: it rolls back natively, at once',
  ...changes(facts),
];

export const skippedWarnings = (facts: Facts): readonly string[] => [
  `sluice.dev/skip ${quoted(facts.skip ?? '')}: this template rolls natively, at once, without a canary; it is recorded with your name`,
];

export const uselessSkipWarnings = (facts: Facts): readonly string[] =>
  facts.skip === undefined
    ? []
    : [
        `sluice.dev/skip ${quoted(facts.skip)} has no effect here: it counts in the write that changes the template, or while a release holds it`,
      ];

/** A running release keeps the plan recorded in its Release. */
export const planKeptWarnings = ({ standing, annotationsChanged, bound }: Facts): readonly string[] =>
  standing === 'running' && annotationsChanged
    ? [
        `release ${bound?.release} goes on by the policy it started with; what is changed here counts from the next one on, and for this one only while it is Pending`,
      ]
    : [];

/**
 * Only used for writes that change nothing else: a client that replaces the object or undoes a change does not mean the
 * marks.
 */
export const ownMarksWarnings = ({ object }: Facts, marks: Marks): readonly string[] => {
  const sent = readMarks(object.metadata.annotations);
  const names = (Object.keys(sent) as readonly MarkName[]).filter((name) => sent[name] !== marks[name]);
  const shown = names.map((name) => markKeys[name]).join(', ');
  return shown === '' ? [] : [`${shown}: kept by Sluice alone; what this write says there is not stored`];
};

export const userPausedWarnings = (facts: Facts): readonly string[] => [
  `the workload is paused by you: ${whenResumed(facts)} when you resume it with kubectl rollout resume`,
  ...staleSkip(facts),
];

const whenResumed = ({ noStable, rollsAlone, wasKnownGood, policy, wanted }: Facts): string => {
  if (noStable === undefined && rollsAlone !== undefined)
    return `this template rolls natively (${rollsAlone}, and only its namespace or a selector opts it in)`;
  if (noStable !== undefined) return `${noStable}, so this template rolls natively`;
  if (wasKnownGood && policy?.rollback !== 'canary') return 'this template was good before and rolls back natively';
  return `canary release ${wanted.release} starts`;
};

export const bootstrapWarnings = (facts: Facts): readonly string[] => [
  `this change rolls natively: ${facts.noStable ?? 'nothing serves yet'}, so there is nothing to compare a canary with`,
];

export const restartedWarnings: readonly string[] = [
  'the restart rolls natively, as the policy says (restart: native)',
];

export const optedOutWarnings = (facts: Facts): readonly string[] => {
  if (facts.bound === undefined || facts.standing === 'idle') return [];
  if (facts.standing === 'failed' && !facts.templateChanged)
    return [
      `nothing asks for canary releases of this workload any more: the template that has failed in release ${facts.bound.release} rolls natively now`,
    ];
  return [
    `nothing asks for canary releases of this workload any more: release ${facts.bound.release} ends and the workload rolls natively`,
  ];
};

/** A chart or a folder may bring its policy after the workload: what is only missing holds the next template. */
export const missingPolicyWarnings = (parsed: ParsedPolicy, holds: boolean): readonly string[] => {
  if (parsed.ok || parsed.missing === undefined) return [];
  const then = holds
    ? 'Until it is there, the release waits (PolicyMissing); then it starts by itself'
    : 'Until it is there, the next change of the pod template is held; then its release starts by itself';
  return parsed.problems.map((problem) => `${sentence(problem)} ${then}`);
};

const resumed = ' when you resume it with kubectl rollout resume';

export const firstWithoutPolicyWarning = (paused: boolean): string =>
  `the first version rolls natively${paused ? resumed : ''}; every later change of its pod template is a canary release`;

/** For workloads that several policies select. */
export const passedOverWarnings = ({ optIn }: ParsedPolicy): readonly string[] => {
  const { policy, passedOver } = optIn;
  if (policy?.kind === undefined || passedOver.length === 0) return [];
  const [one, shown] = [`${policy.kind}/${policy.name}`, passedOver.slice(0, shownPolicies)];
  const more = passedOver.length > shown.length ? ` and ${passedOver.length - shown.length} more` : '';
  return [
    `${one} is used, the oldest policy that selects this workload; ${shown.join(', ')}${more} would fit as well. Name the one you mean in sluice.dev/policy`,
  ];
};

/** For a workload with `sluice.dev/` annotations that has not opted in. */
export const notOptedInWarning =
  'the sluice.dev/ annotations have no effect without sluice.dev/canary: enabled (or sluice.dev/policy)';

export const createdWarning = (policy: Policy, paused: boolean): string =>
  `${firstWithoutPolicyWarning(paused)}: ${plan(policy)}`;

/** For a template that is held for a release which cannot start. */
export const missingReleasesWarnings = ({ input, object }: Facts): readonly string[] => {
  if (input.releasesMissing !== true) return [];
  const { name, namespace } = object.metadata;
  return [
    `${releasesMissing}, so no release can start: the template is held, and the version before keeps serving`,
    withoutReleases(name, namespace),
  ];
};

export const resumedUnjudgedWarnings = ({ bound }: Facts): readonly string[] => [
  `${releasesMissing}, so release ${bound?.release} cannot go on: the template rolls natively, unjudged, because you resume the workload`,
];
