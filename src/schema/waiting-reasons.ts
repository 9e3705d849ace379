/** The closed lists of reasons why a release or a pod of its canary is waiting. */

/**
 * Why a pod is not ready, the worst first. The many reasons of the kubelet and the scheduler map to this closed list; an
 * `ErrImagePull`, for example, counts as `ImagePullBackOff`.
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
