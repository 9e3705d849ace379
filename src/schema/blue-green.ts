/** Blue/green, in the words of Argo Rollouts' `blueGreen`, so that a block can be pasted as it is. */
import { Type, type Static } from 'typebox';
import { patterns } from './patterns.ts';

const opt = Type.Optional;
const mostSeconds = 604_800;
const seconds = (description: string, byDefault: number): Type.TInteger =>
  Type.Integer({ minimum: 0, maximum: mostSeconds, default: byDefault, description });
const service = (description: string): Type.TString =>
  Type.String({ minLength: 1, maxLength: 63, pattern: patterns.serviceName.pattern, description });

/** Defaults of a `blueGreen` block. */
export const blueGreenDefaults = {
  autoPromotionEnabled: true,
  autoPromotionSeconds: 0,
  scaleDownDelaySeconds: 30,
} as const;

const analysis = (when: string): { readonly rule: string; readonly todo: string } => ({
  rule: 'names AnalysisTemplates, which Sluice does not have',
  todo: `Write the queries into checks: they are judged ${when}.`,
});
const afterwards = "after the switch, while stable's pods are still there";

export const BlueGreenSchema = Type.Object(
  {
    activeService: opt(service('The Service that callers use: another name for `service`.')),
    previewService: opt(
      service(
        'The Service in front of the new pods before the switch. Sluice makes it, as the name of the Service with `-canary`.',
      ),
    ),
    previewReplicaCount: opt(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description:
          'Pods of the new version before the switch, for which it gets as many as the workload has. All of them unless set.',
      }),
    ),
    autoPromotionEnabled: opt(
      Type.Boolean({
        default: blueGreenDefaults.autoPromotionEnabled,
        description: 'Whether the switch comes by itself. If not, a person goes on.',
      }),
    ),
    autoPromotionSeconds: opt(
      seconds('How long the new pods stand ready before the switch.', blueGreenDefaults.autoPromotionSeconds),
    ),
    scaleDownDelaySeconds: opt(
      seconds(
        "How long stable's pods stay as they are after the switch, for the way back at once. The checks are judged meanwhile.",
        blueGreenDefaults.scaleDownDelaySeconds,
      ),
    ),
  },
  {
    additionalProperties: false,
    description: 'Bring up the new version at full size, and switch all traffic to it at once.',
    notHere: {
      prePromotionAnalysis: analysis(`${afterwards}; before it nobody calls the new version`),
      postPromotionAnalysis: analysis(afterwards),
      analysis: analysis(afterwards),
      scaleDownDelayRevisionLimit: { rule: 'has no meaning here: there is one version before', todo: 'Take it out.' },
      abortScaleDownDelaySeconds: {
        rule: 'is not possible here yet: the pods of an aborted release go',
        todo: 'Take it out.',
      },
      antiAffinity: { rule: 'is not possible here', todo: 'Write it into the pod template.' },
      activeMetadata: { rule: 'is not possible here', todo: 'Take it out.' },
      previewMetadata: { rule: 'is not possible here', todo: 'Take it out.' },
      maxUnavailable: { rule: "is the workload's own setting here", todo: "Write it into the Deployment's strategy." },
    },
  },
);
export type BlueGreenSpec = Static<typeof BlueGreenSchema>;
