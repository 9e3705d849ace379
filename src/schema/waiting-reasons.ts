/** The closed lists of why a release, and a pod of its canary, is waiting. */

/**
 * Why a pod is not ready, the worst first. From the kubelet's and the scheduler's many words to a closed list: an
 * `ErrImagePull` is an `ImagePullBackOff` too.
 */
export const podTroubles = [
  'ImagePullBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'InitContainerFailed',
  'CrashLoopBackOff',
  'PodFailed',
  'Unschedulable',
  'ReadinessGateNotMet',
  'InitContainerRunning',
  'ReadinessProbeFailing',
  'PodStarting',
] as const;

/** Why a release is waiting. Code reads these reasons and never parses the message. */
export const waitingReasons = [
  'ReleaseAhead',
  'EarlierCanary',
  'CannotStart',
  'StableUnavailable',
  'ScaledToZero',
  'PolicyMissing',
  'PolicyUnreadable',
  'PlanUnreadable',
  'PodsRefused',
  'CanaryNotReady',
  'CanaryFlapping',
  'TakenOver',
  'RouteKindMissing',
  'RouteRefused',
  'SplitLost',
  'ChecksFailed',
  'ChecksInconclusive',
  'SplitNotSeen',
  'ApprovalRequired',
  'PausedByUser',
  'PromotionLacksRoom',
  'PromotionStuck',
  'StableGrowing',
  'StillSending',
  ...podTroubles,
] as const;

export type Trouble = (typeof podTroubles)[number];
