/** Fields that people bring from Flagger and Argo Rollouts, and what is said of them. */

/** Names that other tools have for a field. */
export const otherPolicyNames = {
  setWeight: 'steps',
  progressDeadlineSeconds: 'progressDeadline',
  metricsServer: 'prometheus',
  revisionHistoryLimit: 'historyLimit',
} as const;

const templates = {
  rule: 'names AnalysisTemplates, which Sluice does not have',
  todo: 'Write the queries into checks: they are judged at every step.',
};
const ofTemplates = { rule: 'belongs to AnalysisTemplates, which Sluice does not have', todo: 'Take it out.' };

/** Fields of another tool's analysis. */
export const ofAnalyses = {
  templates,
  templateName: templates,
  args: ofTemplates,
  dryRun: ofTemplates,
  measurementRetention: ofTemplates,
  analysisRunMetadata: ofTemplates,
  startingStep: ofTemplates,
} as const;

/** Fields of other tools that have no counterpart here. */
export const notInPolicies = {
  metrics: {
    rule: "is Flagger's name for checks, which are written otherwise here",
    todo: 'Write checks: [{name: request-success-rate, min: 99}], for example.',
  },
  ...ofAnalyses,
  analysis: {
    rule: 'is a block of another tool',
    todo: 'Write its fields beside the others, and what is measured into checks.',
  },
  webhooks: { rule: 'is not possible here yet', todo: 'Take it out.' },
  alerts: { rule: 'is not possible here yet', todo: 'Take it out.' },
  sessionAffinity: { rule: 'is not possible here yet', todo: 'Take it out.' },
  stepWeightPromotion: {
    rule: 'is not possible here yet: a promoted canary gives its traffic back at once, when stable is ready',
    todo: 'Take it out.',
  },
  primaryReadyThreshold: { rule: 'is not possible here: all pods must be ready', todo: 'Take it out.' },
  canaryReadyThreshold: { rule: 'is not possible here: all pods must be ready', todo: 'Take it out.' },
  trafficRouting: {
    rule: 'is a block of Argo Rollouts',
    todo: 'Write provider: istio, for example; the routes are found by the Service.',
  },
  canaryService: { rule: 'is not needed here: Sluice makes the Service of the canary', todo: 'Take it out.' },
  stableService: { rule: 'is called service here: the one Service that callers use', todo: 'Write service.' },
  maxSurge: { rule: "is the workload's own setting here", todo: "Write it into the Deployment's strategy." },
  maxUnavailable: { rule: "is the workload's own setting here", todo: "Write it into the Deployment's strategy." },
} as const;
