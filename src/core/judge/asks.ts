/** From a check to what the metric source must be asked, and from its answers to a measurement. */
import type { Labels } from '../../values/kube-object.ts';
import type { Check, Telemetry } from '../policy/policy.ts';
import type { Instant, Milliseconds } from '../../values/time.ts';
import type { Arms, Window } from '../outside/question.ts';
import { fillQuery } from './query-text.ts';
import { selects, selectorText, type Selector } from './selector.ts';
import type { Answer, Ask, Series } from './series.ts';
import { telemetries } from './telemetry.ts';
import type { Measurement } from './verdict.ts';

/** `lookBack`: how far before `from` points are read; `defaultLookBack` unless set. See `lookBackAfter`. */
export type ReadWindow = Window & { readonly lookBack?: Milliseconds };

/** Two scrapes at Prometheus' own default interval of a minute, and some: the last value before the window is among them. */
export const defaultLookBack: Milliseconds = 150_000;

/** An ask and whose series its answer holds. `both`: one query for two arms, told apart by `of`. */
export type ArmAsk =
  | { readonly arm: 'canary' | 'stable'; readonly ask: Ask }
  | { readonly arm: 'both'; readonly ask: Ask; readonly of: Readonly<Record<'canary' | 'stable', Selector>> };

const selectorFor = (metric: string, telemetry: Telemetry, arms: Arms, deployments: readonly string[]): Selector => {
  const { common, workloadLabel, workloads } = telemetries[telemetry];
  return { metric, where: { ...common(arms.namespace), [workloadLabel]: workloads(deployments) } };
};

const samplesOfBoth = (metric: string, telemetry: Telemetry, arms: Arms, window: ReadWindow): ArmAsk => {
  const selector = selectorFor(metric, telemetry, arms, [arms.workload, arms.canary]);
  const from = window.from - (window.lookBack ?? defaultLookBack);
  return {
    arm: 'both',
    ask: { query: selectorText(selector), shape: 'samples', from, to: window.to, selector },
    of: {
      canary: selectorFor(metric, telemetry, arms, [arms.canary]),
      stable: selectorFor(metric, telemetry, arms, [arms.workload]),
    },
  };
};

/** `90s` where it is whole seconds, `1500ms` otherwise: a PromQL duration. */
export const promqlDuration = (span: Milliseconds): string => (span % 1000 === 0 ? `${span / 1000}s` : `${span}ms`);

const filled = (query: string, arms: Arms, window: ReadWindow): string =>
  fillQuery(query, {
    namespace: arms.namespace,
    workload: arms.workload,
    canary: arms.canary,
    service: arms.service,
    interval: promqlDuration(window.to - window.from),
  });

/** What to ask for one check over one window: one query, whatever the number of arms. Answers go to `measure` in this order. */
export const asksFor = (check: Check, telemetry: Telemetry, arms: Arms, window: ReadWindow): readonly ArmAsk[] => {
  const metrics = telemetries[telemetry];
  switch (check.kind) {
    case 'success-rate':
      return [samplesOfBoth(metrics.requests, telemetry, arms, window)];
    case 'duration':
      return [samplesOfBoth(metrics.durations, telemetry, arms, window)];
    case 'query': {
      const query = filled(check.query, arms, window);
      return [{ arm: 'canary', ask: { query, shape: 'value', from: window.from, to: window.to } }];
    }
  }
};

type ByArm = { readonly canary: readonly Series[]; readonly stable: readonly Series[] };

const apart = (asked: ArmAsk, series: readonly Series[]): ByArm => {
  if (asked.arm !== 'both') return { canary: [], stable: [], [asked.arm]: series };
  const isCanary = selects(asked.of.canary);
  const isStable = selects(asked.of.stable);
  // A series both could mean (names so long that their pods' cannot be told apart) is nobody's: blaming the wrong arm is worse than no data.
  const ofOne = (mine: (l: Labels) => boolean, other: (l: Labels) => boolean): readonly Series[] =>
    series.filter(({ labels }) => mine(labels) && !other(labels));
  return { canary: ofOne(isCanary, isStable), stable: ofOne(isStable, isCanary) };
};

export type Measured = {
  readonly telemetry: Telemetry;
  readonly window: ReadWindow;
  readonly asked: readonly ArmAsk[];
  /** One per ask, in the same order. */
  readonly answers: readonly Answer[];
  /** When each pod started, by pod name, as far as it is known; see `Measurement`. Without it a new pod's first scrape is only a start. */
  readonly started?: ReadonlyMap<string, Instant>;
};

/** The measurement a judge reads, from the answers to what `asksFor` returned. */
export const measure = ({ telemetry, window, asked, answers, started = new Map() }: Measured): Measurement => {
  const parts = asked.map((ask, i) => apart(ask, answers[i]?.series ?? []));
  return {
    from: window.from,
    to: window.to,
    since: Math.min(window.from, ...asked.map(({ ask }) => ask.from)),
    telemetry,
    canary: parts.flatMap(({ canary }) => canary),
    stable: parts.flatMap(({ stable }) => stable),
    queries: asked.map(({ ask }) => ask.query),
    notes: [...new Set(answers.flatMap(({ notes }) => notes))],
    started,
  };
};
