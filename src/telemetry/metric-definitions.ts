/** All metrics, each defined once. Labels stay bounded: deleted objects leave no series behind. */

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
    help: "1 for the current phase of the workload's running release. Removed when the release ends.",
  },
  releaseWeight: {
    kind: 'gauge',
    name: 'sluice_release_weight',
    labels: ['namespace', 'workload'],
    help: "Wanted share of the traffic for the running release's canary, in percent.",
  },
  releaseStep: {
    kind: 'gauge',
    name: 'sluice_release_step',
    labels: ['namespace', 'workload'],
    help: "The running release's current step, counting from 1; 0 before the first.",
  },
  releases: {
    kind: 'counter',
    name: 'sluice_releases_total',
    labels: ['namespace', 'outcome'],
    help: 'Ended releases, by final phase.',
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
    help: "A check's latest value in the running release, in the check's own unit. Removed while the check has no data.",
  },
  admissionDuration: {
    kind: 'histogram',
    name: 'sluice_admission_duration_seconds',
    labels: ['case', 'allowed'],
    help: 'Duration of an admission request in the webhook.',
    buckets: milliseconds,
  },
  admissions: {
    kind: 'counter',
    name: 'sluice_admission_total',
    labels: ['case', 'allowed'],
    help: 'Admission requests answered by the webhook, by case.',
  },
  reconcileDuration: {
    kind: 'histogram',
    name: 'sluice_reconcile_duration_seconds',
    labels: [],
    help: 'Duration of one reconcile of a workload, including its writes.',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  reconcileErrors: {
    kind: 'counter',
    name: 'sluice_reconcile_errors_total',
    labels: ['reason'],
    help: 'Reconciles that failed and will be retried, by reason.',
  },
  queueDepth: {
    kind: 'gauge',
    name: 'sluice_queue_depth',
    labels: [],
    help: 'Workloads waiting to be reconciled.',
  },
  leader: {
    kind: 'gauge',
    name: 'sluice_leader',
    labels: [],
    help: '1 in the leading controller, 0 in standby controllers and in the webhook.',
  },
  kubeRequests: {
    kind: 'counter',
    name: 'sluice_kube_requests_total',
    labels: ['verb', 'kind', 'code'],
    help: 'Requests to the API server, by HTTP status code; 0 if there was no response.',
  },
  clockSkew: {
    kind: 'gauge',
    name: 'sluice_clock_skew_seconds',
    labels: [],
    help: "How far this process's clock is ahead of the API server's; 0 if no difference can be measured.",
  },
  certificateExpiry: {
    kind: 'gauge',
    name: 'sluice_webhook_certificate_expiry_timestamp_seconds',
    labels: ['name'],
    help: "Expiry of the webhook's serving certificate, in seconds since 1970, by common name.",
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

/** The metrics as a Markdown table for the reference docs. */
export const metricsTable = (): string =>
  [
    '| Metric | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...Object.values<MetricDefinition>(metricDefinitions).map(row),
    '',
    'In addition, the default metrics of the process (`process_…`) and of Node (`nodejs_…`): CPU, memory, open files, event loop, garbage collection.',
    '',
  ].join('\n');
