/** What people read, word for word, where several cases share it. */

export const follow = 'follow it with: kubectl sluice watch web -n shop (or kubectl get releases -n shop)';

/** A release begins. */
export const released = ({
  name = 'web-2',
  change = 'image of container app: web:1 → web:2',
  interval = '60m',
} = {}): readonly string[] => [
  `canary release ${name}: 50 percent of the traffic, ${interval} each, then promotion (provider kubernetes); the version before keeps serving`,
  follow,
  `what changed: ${change}`,
];
