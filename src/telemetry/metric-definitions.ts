/** Every metric of the program, each name once. Labels stay bounded: objects that are gone leave no series behind. */

export type MetricDefinition = {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: `sluice_${string}`;
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
};

const milliseconds = [1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 100, 500].map((ms) => ms / 1000);

export const metricDefinitions = {
  releasePhase: {
    kind: 'gauge',
    name: 'sluice_release_phase',
    labels: ['namespace', 'workload', 'phase'],
    help: '1 for the phase the running release of the workload is in. Gone when the release has ended.',
  },
  releaseWeight: {
    kind: 'gauge',
    name: 'sluice_release_weight',
    labels: ['namespace', 'workload'],
    help: 'Percent of the traffic wanted for the canary of the running release.',
  },
  releaseStep: {
    kind: 'gauge',
    name: 'sluice_release_step',
    labels: ['namespace', 'workload'],
    help: 'Step of the plan the running release is at, from 1; 0 before the first.',
  },
  releases: {
    kind: 'counter',
    name: 'sluice_releases_total',
    labels: ['namespace', 'outcome'],
    help: 'Releases that have ended, by the phase they ended in.',
  },
  releaseDuration: {
    kind: 'histogram',
    name: 'sluice_release_duration_seconds',
    labels: ['outcome'],
    help: 'Time from the start of a release to its end.',
    buckets: [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400],
  },
  checks: {
    kind: 'counter',
    name: 'sluice_checks_total',
    labels: ['check', 'call'],
    help: 'Verdicts, by check and call (pass, fail, inconclusive).',
  },
  checkValue: {
    kind: 'gauge',
    name: 'sluice_check_value',
    labels: ['namespace', 'workload', 'check'],
    help: 'What a check of the running release measured last, in its own unit. Gone when it measured nothing.',
  },
  admissionDuration: {
    kind: 'histogram',
    name: 'sluice_admission_duration_seconds',
    labels: ['case', 'allowed'],
    help: 'Time the webhook took for an answer.',
    buckets: milliseconds,
  },
  admissions: {
    kind: 'counter',
    name: 'sluice_admission_total',
    labels: ['case', 'allowed'],
    help: 'Answers of the webhook, by the case it saw.',
  },
  reconcileDuration: {
    kind: 'histogram',
    name: 'sluice_reconcile_duration_seconds',
    labels: [],
    help: 'Time one look after a workload took, writes and queries included.',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  reconcileErrors: {
    kind: 'counter',
    name: 'sluice_reconcile_errors_total',
    labels: ['reason'],
    help: 'Looks after a workload that ended in an error and will be repeated.',
  },
  queueDepth: {
    kind: 'gauge',
    name: 'sluice_queue_depth',
    labels: [],
    help: 'Workloads that wait to be looked after.',
  },
  leader: {
    kind: 'gauge',
    name: 'sluice_leader',
    labels: [],
    help: '1 in the controller that works, 0 in those that stand by and in the webhook.',
  },
  kubeRequests: {
    kind: 'counter',
    name: 'sluice_kube_requests_total',
    labels: ['verb', 'kind', 'code'],
    help: 'Requests to the API server; code 0 where no answer came.',
  },
  clockSkew: {
    kind: 'gauge',
    name: 'sluice_clock_skew_seconds',
    labels: [],
    help: "How far this process's clock is ahead of the API server's; 0 where they cannot be told apart.",
  },
  certificateExpiry: {
    kind: 'gauge',
    name: 'sluice_webhook_certificate_expiry_timestamp_seconds',
    labels: ['name'],
    help: 'When the certificate expires that the webhook serves with, in seconds since 1970, by its common name.',
  },
  trafficChanges: {
    kind: 'counter',
    name: 'sluice_traffic_changes_total',
    labels: ['provider', 'op'],
    help: 'Changes to traffic objects (create, replace, remove).',
  },
} as const satisfies Record<string, MetricDefinition>;

const row = ({ name, kind, labels, help }: MetricDefinition): string =>
  `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;

/** The metrics as a table of the reference docs (Markdown). */
export const metricsTable = (): string =>
  [
    '| Metric | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...Object.values<MetricDefinition>(metricDefinitions).map(row),
    '',
    'Besides these, the usual figures of the process (`process_…`) and of Node (`nodejs_…`): CPU, memory, open files, event loop, garbage collection.',
    '',
  ].join('\n');
