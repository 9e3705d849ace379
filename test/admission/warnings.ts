/** What people read, word for word, where several cases share it. */
import { telemetries } from '../../src/core/judge/telemetry.ts';

const follow = 'follow it with: kubectl sluice watch web -n shop (or kubectl get releases -n shop)';

/** A new Deployment. */
export const first =
  'the first version rolls natively; every later change of its pod template is a canary release: 50 percent of the traffic, 1h each, then promotion (provider kubernetes)';

/** kubectl's own, when it undoes what was applied. */
export const undoing =
  "resource deployments/web was previously managed with 'kubectl apply'. Rolling back will not update the kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.";

/** For `released` where steps take a moment. */
export const quickly = { interval: '1s' } as const;

/** A release begins. */
export const released = ({
  name = 'web-2',
  change = 'image of container app: web:1 → web:2',
  interval = '1h',
} = {}): readonly string[] => [
  `canary release ${name}: 50 percent of the traffic, ${interval} each, then promotion (provider kubernetes); the version before keeps serving`,
  follow,
  `what changed: ${change}`,
];

/** A release of web:3 takes the place of one of web:2. */
export const superseded: readonly string[] = [
  'release web-2 is superseded by this change',
  ...released({ name: 'web-3', change: 'image of container app: web:2 → web:3' }),
];

export const keptPaused: readonly string[] = [
  'the workload stays paused: release web-2 decides when it rolls, and resuming it is not an approval',
  'promote it with: kubectl sluice promote web -n shop; go back with: kubectl sluice abort web -n shop; roll without a canary with: kubectl sluice skip web -n shop --reason WHY',
];

const { needs } = telemetries.application;
const sought =
  'http_requests_total (or another of 16 names that libraries use) with namespace="shop" and `pod` of web or web-canary';
const noSeries = `at 50 %: request-success-rate has no data: no series of either arm matched: there is no ${sought}. ${needs}; counted as failed (noData: fail)`;

/** The same when it was put back and comes again. */
export const failedAgain: readonly string[] = [
  `release web-2 of this template has failed ("${noSeries}"); it comes back and is held: no release starts, and the version before keeps serving`,
  'try it again with: kubectl sluice retry web -n shop; go back with: kubectl sluice abort web -n shop; or apply another template',
  'what changed: image of container app: web:1 → web:2',
];

export const failure: readonly string[] = [
  `release web-2 of this template has failed ("${noSeries}"); the workload stays paused on the version before`,
  'try it again with: kubectl sluice retry web -n shop; go back with: kubectl sluice abort web -n shop; or apply another template',
];
