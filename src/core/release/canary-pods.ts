/** What people are told about canary pods that are not ready: at once where it is a fault, a moment later where pods only take their time. */
import { mostPods, type ReleaseStatus, type Waiting } from '../../schema/release.ts';
import { podTroubles, type Trouble } from '../../schema/waiting-reasons.ts';
import { fromRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import { canaryReady, sizeNow } from './canary-size.ts';
import type { Facts, PodTrouble } from './facts.ts';

/** Every pod passes through these on its way. */
const ordinary: ReadonlySet<Trouble> = new Set<Trouble>([
  'PodStarting',
  'InitContainerRunning',
  'ReadinessProbeFailing',
  'ReadinessGateNotMet',
]);

/** After so long an ordinary wait is told, too. */
const patience: Milliseconds = 5000;
const mostTold = 3;

/** Whether this is a state that every pod may pass through. */
export const isOrdinary = (trouble: Trouble): boolean => ordinary.has(trouble);

/** When a wait that is not told yet will be. */
export const toldAt = ({ canaryShortSince }: ReleaseStatus, { now, pods }: Facts): Instant | undefined => {
  const at = (fromRfc3339(canaryShortSince) ?? now) + patience;
  return now < at && pods.some(({ trouble }) => ordinary.has(trouble)) ? at : undefined;
};

/** The pods as the status shows them. Once the end is decided, they stay as they were. */
export const shownPods = (status: ReleaseStatus, facts: Facts): ReleaseStatus['pods'] => {
  if (status.ending !== undefined) return status.pods;
  const since = fromRfc3339(status.canaryShortSince);
  if (since === undefined) return undefined;
  const isLate = facts.now >= since + patience;
  const told = facts.pods.filter(({ trouble }) => isLate || !ordinary.has(trouble));
  return told.length === 0 ? undefined : namedPods(told, status.pods);
};

/** At most as many as a status holds. `before`: the kubelet's words about an image change from one attempt to the next; the first ones say most. */
const namedPods = (
  pods: readonly PodTrouble[],
  before: ReleaseStatus['pods'] = [],
): NonNullable<ReleaseStatus['pods']> =>
  pods.slice(0, mostPods).map((pod) => {
    if (pod.trouble !== 'ImagePullBackOff') return pod;
    return before.find(({ name, trouble }) => name === pod.name && trouble === pod.trouble) ?? pod;
  });

/** For evidence: all that is known, ordinary or not. */
export const podsAtTheEnd = (status: ReleaseStatus, facts: Facts): NonNullable<ReleaseStatus['pods']> => {
  const { canary } = facts;
  if (facts.pods.length > 0 || canary?.refused === undefined) return namedPods(facts.pods, status.pods);
  return [{ name: facts.arms?.canary ?? 'canary', reason: 'FailedCreate', message: canary.refused }];
};

/** `0 of 2 canary pods ready`. */
export const readyText = (status: ReleaseStatus, facts: Facts): string =>
  `${canaryReady(facts)} of ${sizeNow(status, facts)} canary pods ready`;

/** The sentence names each different reason once, whatever the number of pods. */
export const podsWaiting = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  const pods = (status.pods ?? []).flatMap(({ trouble, ...rest }) =>
    trouble === undefined ? [] : [{ trouble, ...rest }],
  );
  const [worst] = podTroubles.filter((one) => pods.some(({ trouble }) => trouble === one));
  if (worst === undefined) return undefined;
  const sorted = pods.toSorted((a, b) => podTroubles.indexOf(a.trouble) - podTroubles.indexOf(b.trouble));
  const words = [...new Set(sorted.map(wordsOf))].slice(0, mostTold);
  return { reason: worst, message: `${readyText(status, facts)}: ${words.join('; ')}` };
};

const wordsOf = ({ reason, message }: Pick<PodTrouble, 'reason' | 'message'>): string =>
  message === undefined ? reason : `${reason} (${message})`;
