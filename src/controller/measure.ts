/** One round of checks, awaited: for an engine that does not ask questions yet. */
import { questionsFor, type RoundSubject } from '../core/judge/ask-round.ts';
import { judgeRound } from '../core/judge/judge-round.ts';
import { telemetryOf } from '../core/judge/telemetry.ts';
import type { Arms } from '../core/outside/question.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Round } from '../core/release/facts.ts';
import type { Outside } from '../ports/outside.ts';
import type { Instant } from '../values/time.ts';

/** Whom a round of checks is about, and over which window. */
export type RoundAsk = {
  readonly policy: Policy;
  readonly provider: string;
  readonly arms: Arms;
  readonly from: Instant;
  readonly to: Instant;
  readonly weight: number;
  /** Failed rounds before this one. */
  readonly failures: number;
  /** When pods of the canary started at the earliest, by name. */
  readonly started: ReadonlyMap<string, Instant>;
  readonly release: string;
};

/** Asks the sources and judges. Never rejects: a source that cannot be reached is an inconclusive result that says so. */
export type MeasureRound = (ask: RoundAsk) => Promise<Round>;

const subjectOf = ({ policy, provider, arms, from, to, release }: RoundAsk): RoundSubject => ({
  release,
  analysis: 'steps',
  checks: policy.checks,
  source: { kind: 'prometheus', ...(policy.prometheus === undefined ? {} : { address: policy.prometheus }) },
  telemetry: telemetryOf(policy.telemetry, provider),
  arms,
  window: { from, to },
});

export const measureRound = (outside: Outside): MeasureRound => {
  const looks = new Map<string, () => void>();
  outside.onAnswer((key) => looks.get(key)?.());
  return (ask) =>
    new Promise((resolve) => {
      const subject = subjectOf(ask);
      const key = `${ask.arms.namespace}/${ask.release}`;
      const look = (): void => {
        const facts = { ...ask, threshold: ask.policy.threshold, answers: outside.answers(key), evidence: {} };
        const round = judgeRound(subject, facts);
        if (round === 'pending') return;
        looks.delete(key);
        outside.want(key, []);
        resolve(round);
      };
      looks.set(key, look);
      outside.want(key, questionsFor(subject));
      look();
    });
};
