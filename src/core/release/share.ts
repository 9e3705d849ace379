/** The share of the traffic that the canary really gets, as opposed to the weight that the step asks for. */
import type { ReleaseStatus, Share } from '../../schema/release.ts';
import { figure } from '../judge/figure.ts';
import type { Facts } from './facts.ts';

type Arms = Pick<Share, 'canary' | 'stable'>;

export const shareOf = (of: Share['of'], { canary, stable }: Arms): Share | undefined =>
  canary + stable === 0
    ? undefined
    : { percent: Math.round((1000 * canary) / (canary + stable)) / 10, of, canary, stable };

/** Without a mesh, the number of pods gives the share. Behind a route, it is the last measurement under this split. */
export const shareNow = (status: ReleaseStatus, facts: Facts): Share | undefined => {
  if (status.ending !== undefined || status.phase === 'Pending' || status.phase === 'Promoting') return undefined;
  if (facts.route.splits === 'route') return status.share;
  return facts.route.pods === undefined ? undefined : shareOf('pods', facts.route.pods);
};

/** The canary's share of the traffic, with the weight that the step asks for if it differs. */
export const trafficText = ({ weight = 0, share }: Pick<ReleaseStatus, 'weight' | 'share'>): string => {
  if (share === undefined) return `${weight} % of the traffic for the canary`;
  if (share.of === 'requests') return `${weight} % of the traffic for the canary (measured: ${shareText(share)})`;
  const asked = Math.round(share.percent) === weight ? '' : `; the step asks for ${weight} %`;
  return `${shareText(share)} of the traffic for the canary${asked}`;
};

/** Completes a sentence that begins with "holding at": `50 %`, `1 of 2 pods (about 50 %)`. */
export const placeText = ({ weight = 0, share }: Pick<ReleaseStatus, 'weight' | 'share'>): string =>
  share?.of === 'pods' ? `${shareText(share).replace(': ', ' (')})` : `${weight} %`;

/** `1 of 2 pods: about 50 %`, `12 of 846 requests: 1.4 %`. */
export const shareText = ({ of, canary, stable, percent }: Share): string => {
  const all = canary + stable;
  const about = of === 'pods' ? 'about ' : '';
  return `${canary} of ${all} ${of === 'pods' ? 'pod' : 'request'}${all === 1 ? '' : 's'}: ${about}${figure(percent)} %`;
};
