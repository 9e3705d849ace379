/** Whether the requests follow the split: a release goes on only with traffic that has reached its canary. */
import type { Round } from '../judge/judge-round.ts';
import { isEnoughToTell, splitSeen, type ServedAt, type SplitRule, type SplitSeen } from '../judge/sample-ratio.ts';
import type { AnalysisStatus, ReleaseStatus, Share, Waiting } from '../../schema/release.ts';
import type { Facts } from './facts.ts';
import { shareOf, shareText } from './share.ts';
import { wantedSplit } from './state.ts';

type ServedEntry = NonNullable<AnalysisStatus['served']>[number];

export type SplitVerdict = {
  readonly seen: SplitSeen;
  /** To be kept in the status of the analysis. */
  readonly served: readonly ServedEntry[];
  /** What was seen under the present split. */
  readonly share?: Share;
};

type Moment = { readonly status: ReleaseStatus; readonly facts: Facts };

const mostServed = 100;

const tenth = (n: number): number => Math.round(n * 10) / 10;

/** The share that the canary should get. Without a route, the number of pods decides it, not the weight. */
const expected = ({ status, facts: { route } }: Moment): number => {
  const { weight } = wantedSplit(status);
  if (route.splits === 'route' || route.pods === undefined) return weight;
  return Math.round(shareOf('pods', route.pods)?.percent ?? weight);
};

const added = (before: ServedEntry | undefined, { weight, canary, stable }: ServedAt): ServedEntry => ({
  ...before,
  weight,
  canary: tenth((before?.canary ?? 0) + canary),
  stable: tenth((before?.stable ?? 0) + stable),
});

/** Whether the counts show the canary's share. Requests to other workloads behind the same Service are not counted. */
const tellsShare = ({ route }: Facts): boolean => route.splits === 'route' && route.shared === undefined;

/** Whether requests did not follow the weight before, and too few have been counted since. */
const stillDoubted = (entry: ServedEntry): boolean => entry.unseen === true && !isEnoughToTell(entry);

/** Whether only the weight sends requests to the canary: matches, mirrors and sticky callers add requests to it. */
const goesByWeight = (status: ReleaseStatus): boolean => {
  const { match = [], mirror = 0, sticky } = wantedSplit(status);
  return match.length === 0 && mirror === 0 && sticky === undefined;
};

/** No rule applies if a route is for a part of the callers only: all other requests rightly go to stable. */
const ruleOf = ({ status, facts }: Moment): SplitRule =>
  tellsShare(facts) && facts.route.partial === undefined && goesByWeight(status) ? 'ratio' : 'none';

const judgedSplit = (earlier: readonly ServedEntry[], entry: ServedEntry, moment: Moment): SplitSeen => {
  const seen = splitSeen(earlier, entry, ruleOf(moment));
  return seen === 'seen' && stillDoubted(entry) ? 'unseen' : seen;
};

/** What an entry becomes for the next round. */
const kept = (entry: ServedEntry, seen: SplitSeen): ServedEntry => {
  const { unseen: _, ...counts } = entry;
  if (seen !== 'unseen') return counts;
  // Counts from before a repair must not outweigh the requests after it.
  return stillDoubted(entry) ? entry : { ...counts, canary: 0, stable: 0, unseen: true };
};

/** What the requests of a round say about the split. `unknown` is never good enough to pass. */
export const splitVerdict = (
  past: AnalysisStatus,
  { requests }: Pick<Round, 'requests'>,
  moment: Moment,
): SplitVerdict => {
  const served = past.served ?? [];
  if (requests === undefined) return { seen: 'seen', served };
  const { window, settled } = requests;
  const weight = expected(moment);
  const got: SplitVerdict =
    settled === undefined ? { seen: 'seen', served } : counted(served, { weight, ...settled }, moment);
  const nothing = weight > 0 && window.canary === 0 && window.stable > 0;
  return nothing && got.seen === 'seen' ? { ...got, seen: 'unknown' } : got;
};

/** The verdict on this round's requests together with those of earlier rounds. */
const counted = (served: readonly ServedEntry[], now: ServedAt, moment: Moment): SplitVerdict => {
  const { facts } = moment;
  const last = served.at(-1);
  const before = last?.weight === now.weight ? last : undefined;
  const earlier = before === undefined ? served : served.slice(0, -1);
  const entry = added(before, now);
  const seen = judgedSplit(earlier, entry, moment);
  const counts = { canary: Math.round(entry.canary), stable: Math.round(entry.stable) };
  const share = tellsShare(facts) ? shareOf('requests', counts) : undefined;
  return {
    seen,
    served: [...earlier, kept(entry, seen)].slice(-mostServed),
    ...(share === undefined ? {} : { share }),
  };
};

const causes = ({ route: { doubts } }: Facts): string => (doubts === undefined ? '' : `Likely causes: ${doubts}. `);

/** Why the release waits although its checks have nothing against it. */
export const splitHold = (
  { seen }: Pick<SplitVerdict, 'seen'>,
  round: Pick<Round, 'requests' | 'because'>,
  {
    status,
    facts,
    share,
  }: { readonly status: ReleaseStatus; readonly facts: Facts; readonly share: Share | undefined },
): Waiting => {
  const weight = expected({ status, facts });
  const counted = share ?? shareOf('requests', round.requests?.window ?? { canary: 0, stable: 0 });
  const got = counted === undefined ? 'nothing' : shareText(counted).replace(':', ',');
  const about = facts.route.splits === 'replicas' ? 'about ' : '';
  const held = `holding at ${weight} %: the canary got ${got}`;
  if (seen === 'unknown')
    return {
      reason: 'ChecksInconclusive',
      message: `${held}, too few to tell whether it gets its share, and none to judge it by`,
    };
  return {
    reason: 'SplitNotSeen',
    message: `${held}, where ${about}${weight} % are its share. ${causes(facts)}Mend it and the release goes on, or decide by hand: kubectl sluice promote ${facts.release.spec.workload.name}`,
  };
};
