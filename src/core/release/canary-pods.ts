/** What users are told about canary pods that are not ready: a fault at once, an ordinary wait only after a moment. */
import { mostPods, type ReleaseStatus, type Waiting } from '../../schema/release.ts';
import { podTroubles, type Trouble } from '../../schema/waiting-reasons.ts';
import { fromRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import { canaryReady, sizeNow } from './canary-size.ts';
import type { Facts, PodTrouble } from './facts.ts';

/** States that every pod passes through on its way to ready. */
const ordinary: ReadonlySet<Trouble> = new Set<Trouble>([
  'PodStarting',
  'InitContainerRunning',
  'ReadinessProbeFailing',
  'ReadinessGateNotMet',
]);

/** An ordinary wait that lasts longer than this is reported, too. */
const patience: Milliseconds = 5000;
const mostTold = 3;

/** Whether this is a state that every pod may pass through. */
export const isOrdinary = (trouble: Trouble): boolean => ordinary.has(trouble);

/** When an ordinary wait will be reported that is not reported yet. */
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

/**
 * The pods for the status, at most as many as it may hold. A pod that cannot pull its image keeps its entry from
 * `before`: the kubelet changes its message with every attempt, and the first one says most.
 */
const namedPods = (
  pods: readonly PodTrouble[],
  before: ReleaseStatus['pods'] = [],
): NonNullable<ReleaseStatus['pods']> =>
  pods.slice(0, mostPods).map((pod) => {
    if (pod.trouble !== 'ImagePullBackOff') return pod;
    return before.find(({ name, trouble }) => name === pod.name && trouble === pod.trouble) ?? pod;
  });

/** The pods for the evidence, including those in an ordinary wait. */
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
