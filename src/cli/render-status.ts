/** Renders one release in full. */
import { figure } from '../core/judge/figure.ts';
import { planOf } from '../core/plan/plan-of-release.ts';
import { planSummary, type PlanSummary } from '../core/plan/plan-summary.ts';
import type { Check } from '../core/policy/policy.ts';
import { openRequests, requestsOf } from '../core/requests/release-requests.ts';
import { shareText } from '../core/release/share.ts';
import { failuresOf, latestChecks } from '../core/release/verdicts.ts';
import { printable } from '../values/printable.ts';
import { fromRfc3339, type Instant } from '../values/time.ts';
import type { Acknowledged, CheckResult, ReleaseStatus } from '../schema/release.ts';
import { nextSteps } from './next-steps.ts';
import { weightOf, type ReleaseView } from './release-view.ts';
import { age, span, table, verdictText } from './render-text.ts';

type Scene = { readonly release: ReleaseView; readonly plan: PlanSummary; readonly now: Instant };

const ago = (text: string | undefined, now: Instant): string => {
  const at = fromRfc3339(text);
  return at === undefined ? '' : `${age(now - at)} ago`;
};

const words = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join(' ');

/** The share that is seen, and the one that is wanted where they differ. */
const traffic = (status: ReleaseStatus): string | undefined => {
  const weight = weightOf(status);
  if (weight === undefined) return undefined;
  const { share } = status;
  if (share === undefined) return `${weight} % of the traffic to the canary`;
  const about = share.of === 'pods' ? 'about ' : '';
  const wanted = share.percent === weight ? '' : ` (wanted: ${weight} %)`;
  return `${about}${figure(share.percent)} % of the traffic to the canary${wanted}`;
};

const headline = ({ release }: Scene): readonly string[] => {
  const { namespace, spec, status } = release;
  const step = status.stepLabel === undefined ? undefined : `step ${status.stepLabel}`;
  const parts = [`${namespace}/${spec.workload.name}`, status.phase, step, traffic(status)];
  const line = parts.filter((part) => part !== undefined).join('   ');
  return status.message === undefined ? [line] : [line, status.message];
};

const origin = ({ release, now }: Scene): string => {
  const { attempt = 1, from, requestedBy, reason } = release.spec;
  const tool = requestedBy?.tool === undefined ? undefined : `with ${printable(requestedBy.tool)}`;
  const asked =
    requestedBy === undefined
      ? `made ${age(now - release.createdAt)} ago`
      : words('asked by', printable(requestedBy.user), tool, ago(requestedBy.at, now));
  const attemptText = attempt === 1 ? '' : `, attempt ${attempt}`;
  const over = from === undefined ? '' : ` over ${from}`;
  return `${release.name}${over}${attemptText}, ${asked}${reason === undefined ? '' : ` (${reason})`}`;
};

/** The differences from the stable template, one row each. */
const changes = ({ release }: Scene): readonly (readonly string[])[] =>
  (release.spec.changes ?? []).map((line, index) => [index === 0 ? 'Changes' : '', printable(line)]);

const policyText = ({ release, plan: { weights, interval } }: Scene): string => {
  const each = interval === undefined ? '' : `, ${span(interval)} each`;
  return `${release.spec.policyName ?? 'annotations'}: ${weights.join(', ')} %${each}`;
};

type Asked = Pick<Acknowledged, 'verb' | 'by' | 'reason'> & { readonly at?: string };

const asked = ({ verb, by, reason, at }: Asked, now: Instant): string =>
  words(
    verb,
    'by',
    printable(by ?? 'somebody'),
    ago(at, now),
    reason === undefined ? undefined : `(${printable(reason)})`,
  );

/** The latest answered request, and all pending ones. */
const requests = ({ release: { object, status }, now }: Scene): readonly (readonly [string, string])[] => {
  const answered = (status.acknowledged ?? []).slice(-1).map((one) => `${asked(one, now)}: ${one.result}`);
  const waiting = openRequests(requestsOf(object), status.acknowledged).map(
    (one) => `${asked(one, now)}: not taken up yet`,
  );
  return [...answered, ...waiting].map((text, i) => [i === 0 ? 'Request' : '', text]);
};

const outOf = (failures: number, threshold: number | undefined): string =>
  threshold === undefined ? String(failures) : `${failures} of ${threshold}`;

/** The release's origin and its changes. */
const record = (scene: Scene): readonly (readonly string[])[] => [['Release', origin(scene)], ...changes(scene)];

const sharedText = ({ sharedWith = [] }: ReleaseStatus): string =>
  sharedWith.length === 0 ? '' : `, shared with ${sharedWith.map(printable).join(', ')}`;

const facts = (scene: Scene): readonly string[] => {
  const { status } = scene.release;
  const { canary, provider, providerBecause, service, share, approved } = status;
  const failures = failuresOf(status);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Policy', policyText(scene)],
    [
      'Traffic',
      provider === undefined
        ? undefined
        : words(`${provider},`, 'Service', `${service ?? 'unknown'}${sharedText(status)}`),
    ],
    ['', providerBecause],
    ['Share', share === undefined ? undefined : shareText(share)],
    ['Canary', canary === undefined ? undefined : `${canary.ready} of ${canary.replicas} pods ready`],
    ['Failures', failures === undefined ? undefined : outOf(failures, scene.plan.threshold)],
    [
      'Approved',
      approved === undefined
        ? undefined
        : words('by', printable(approved.by ?? 'somebody'), ago(approved.at, scene.now)),
    ],
    ...requests(scene),
  ];
  return table([...record(scene), ...rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))]);
};

const boundsOf = (check: Check | undefined): string =>
  [check?.min === undefined ? undefined : `>= ${check.min}`, check?.max === undefined ? undefined : `<= ${check.max}`]
    .filter((bound) => bound !== undefined)
    .join(', ');

const valueOf = ({ value }: CheckResult, check: Check | undefined): string =>
  value === undefined
    ? '-'
    : figure(
        value,
        [check?.min, check?.max].filter((bound) => bound !== undefined),
      );

/** Requests of both arms in the window. */
const requestsText = ({ requests }: CheckResult): string =>
  requests === undefined ? '-' : `${requests.canary} / ${requests.stable} requests`;

/** One row per check of the plan, even without a verdict, and one per verdict on a check the plan no longer has. */
const checks = ({ release, plan, now }: Scene): readonly string[] => {
  const results = latestChecks(release.status);
  const named = (name: string): Check | undefined => plan.checks.find((check) => check.name === name);
  const judged = results.map((result) => {
    const check = named(result.name);
    return [
      result.name,
      result.call,
      valueOf(result, check),
      boundsOf(check),
      requestsText(result),
      ago(result.at, now),
    ];
  });
  const open = plan.checks
    .filter((check) => !results.some(({ name }) => name === check.name))
    .map((check) => [check.name, '-', '-', boundsOf(check), '-', 'not yet']);
  const reasons = results
    .filter(({ call }) => call !== 'pass')
    .flatMap((result) => [
      `  ${verdictText(result)}`,
      ...(result.queries === undefined ? [] : ['    what was asked is in -o json']),
    ]);
  return [
    ...table([['CHECK', 'VERDICT', 'VALUE', 'BOUNDS', 'CANARY / STABLE', 'JUDGED'], ...judged, ...open]),
    ...reasons,
  ];
};

const evidence = ({ failedChecks: failed = [] }: ReleaseStatus, now: Instant): readonly string[] =>
  table(
    failed.map((result) => [
      `  ${ago(result.at, now)}`,
      result.weight === undefined ? '' : `at ${result.weight} %`,
      verdictText(result),
    ]),
  );

const pods = ({ pods: troubled = [] }: ReleaseStatus): readonly string[] =>
  table(
    troubled.map(({ name, reason, message, restarts = 0 }) => [
      `  ${name}`,
      `${reason}${restarts === 0 ? '' : `, ${restarts} restarts`}${message === undefined ? '' : `: ${message}`}`,
    ]),
  );

const next = ({ release }: Scene): readonly string[] =>
  table(
    nextSteps(release).map(({ command, meaning }) =>
      command === undefined ? [`  ${meaning}`] : [`  ${command}`, meaning],
    ),
  );

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

/** Lines without line breaks. Skipped and Bypassed releases are never judged, so they show no plan and no checks. */
export const renderStatus = (release: ReleaseView, now: Instant): readonly string[] => {
  const scene = { release, now, plan: planSummary(planOf(release.spec).plan) };
  const { status } = release;
  const native = status.phase === 'Skipped' || status.phase === 'Bypassed';
  return [
    ...headline(scene),
    '',
    ...(native ? table(record(scene)) : [...facts(scene), '', ...checks(scene)]),
    ...section('Failed checks', evidence(status, now)),
    ...section('Pods in trouble', pods(status)),
    ...section('What to do', next(scene)),
  ];
};
