/** One round of checks: ask the sources, judge, count. Nothing here decides about the release. */
import { asksFor, measure, type ArmAsk, type Arms } from '../core/judge/asks.ts';
import { lookBackAfter } from '../core/judge/look-back.ts';
import { tally, type Judged } from '../core/judge/tally.ts';
import type { Answer } from '../core/judge/series.ts';
import { unreachable, type Judge, type Measurement, type Verdict } from '../core/judge/verdict.ts';
import type { Check, Policy, Telemetry } from '../core/policy/policy.ts';
import type { Round } from '../core/release/facts.ts';
import { toRfc3339, type Instant, type Milliseconds } from '../values/time.ts';
import { MetricError, type MetricSource } from '../ports/metrics.ts';
import type { CheckResult } from '../schema/release.ts';

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
  /** Names the release, so that what was learnt from its earlier rounds can be used. */
  readonly release: string;
};

/** Asks the sources and judges. Never rejects: a source that cannot be reached is an inconclusive result that says so. */
export type MeasureRound = (ask: RoundAsk) => Promise<Round>;

export type MeasureOptions = {
  /** The source at an address, or the one Sluice was started with. Undefined when there is none. */
  readonly source: (address: string | undefined) => MetricSource | undefined;
  readonly judge: Judge;
  /** For all queries of a round together. */
  readonly deadline: Milliseconds;
};

/** Whose metrics built-in checks read, where the policy leaves it to the provider. */
export const telemetryOf = (policy: Policy, provider: string): Telemetry => {
  if (policy.telemetry !== 'auto') return policy.telemetry;
  if (provider === 'istio') return 'istio';
  return provider === 'linkerd' ? 'linkerd' : 'application';
};

export const measureRound = (options: MeasureOptions): MeasureRound => {
  const lookBacks: LookBacks = new Map();
  return async (ask) => {
    const judged = await Promise.all(ask.policy.checks.map((check) => judgeOne({ ...options, lookBacks }, ask, check)));
    const { round, outcome, failures, because } = tally(judged, {
      failures: ask.failures,
      threshold: ask.policy.threshold,
    });
    const results = judged.map((one) => resultOf(one, ask));
    return { outcome: round, exhausted: outcome === 'fail', failures, because, results };
  };
};

/** How far before the next window has to be read, by release and check. Lost with the process: then it is learnt again. */
type LookBacks = Map<string, Milliseconds>;
const mostLookBacks = 10_000;

const remember = (lookBacks: LookBacks, key: string, lookBack: Milliseconds): void => {
  if (lookBacks.size >= mostLookBacks) lookBacks.clear();
  lookBacks.set(key, lookBack);
};

type Judging = MeasureOptions & { readonly lookBacks: LookBacks };

const judgeOne = async (judging: Judging, ask: RoundAsk, check: Check): Promise<Judged> => {
  const source = judging.source(ask.policy.prometheus);
  if (source === undefined) return { check, verdict: unreachable(check, noSource) };
  try {
    return { check, verdict: judging.judge(check, await measureOne(judging, source, ask, check)) };
  } catch (error) {
    if (!(error instanceof MetricError)) throw error;
    return { check, verdict: unreachable(check, error.message) };
  }
};

const measureOne = async (
  { lookBacks, deadline }: Judging,
  source: MetricSource,
  ask: RoundAsk,
  check: Check,
): Promise<Measurement> => {
  const telemetry = telemetryOf(ask.policy, ask.provider);
  const key = `${ask.arms.namespace}/${ask.release}/${check.name}`;
  const lookBack = lookBacks.get(key);
  const window = { from: ask.from, to: ask.to, ...(lookBack === undefined ? {} : { lookBack }) };
  const asked = asksFor(check, telemetry, ask.arms, window);
  const answers = await fetchAll(source, asked, deadline);
  const measured = measure({ telemetry, window, asked, answers, started: ask.started });
  remember(lookBacks, key, lookBackAfter(measured));
  return measured;
};

const noSource =
  'no Prometheus is known; start Sluice with --prometheus, or name one in the policy that --allowed-addresses lists';

const fetchAll = (
  source: MetricSource,
  asked: readonly ArmAsk[],
  deadline: Milliseconds,
): Promise<readonly Answer[]> => {
  const signal = AbortSignal.timeout(deadline);
  return Promise.all(asked.map(({ ask }) => source.fetch(ask, signal)));
};

const resultOf = ({ check, verdict }: Judged, ask: RoundAsk): CheckResult => ({
  name: check.name,
  call: verdict.call,
  because: verdict.because,
  ...valueOf(verdict),
  ...queriesOf(verdict),
  at: toRfc3339(ask.to),
  weight: ask.weight,
});

/** Of a check that has a value, the sentence says enough. */
const queriesOf = ({ call, queries }: Verdict): { queries?: string[] } =>
  call !== 'inconclusive' || queries === undefined ? {} : { queries: [...queries] };

const valueOf = ({ value }: Verdict): { value?: number } => (value === undefined ? {} : { value });
