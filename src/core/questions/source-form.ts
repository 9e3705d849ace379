/** What is known of a kind of metric source without asking one: the same in the webhook and in the controller. */
import type { Problem } from '../../values/problem.ts';
import type { Instant } from '../../values/time.ts';
import type { Series } from '../judge/series.ts';
import type { Question, SourceRef } from './question.ts';
import type { Selector } from './selector.ts';

/** Raw points of the series that are selected, those in (from, to]: no extrapolation. */
export type SamplesAsk = {
  readonly shape: 'samples';
  readonly selector: Selector;
  readonly from: Instant;
  readonly to: Instant;
};

/** An expression in the source's own language, evaluated at one instant. */
export type ValueAsk = { readonly shape: 'value'; readonly query: string; readonly at: Instant };

/** One request to a source. */
export type Ask = SamplesAsk | ValueAsk;

/** What a source returned. */
export type Fetched = {
  readonly series: readonly Series[];
  /** Its own warnings (partial data, a doubtful query); they end up in the verdict's sentence. */
  readonly notes: readonly string[];
  /** Length of the answer as it came, so that no request asks for more than can be held. */
  readonly bytes: number;
};

/** What a question comes to at its source. `query`: as a person can ask it again, about this release alone. */
export type Compiled =
  | {
      readonly ask: SamplesAsk;
      readonly query: string;
      /** The same in a few words. */
      readonly sought: string;
      /** Tells the series of the two arms apart. */
      readonly arms: Readonly<Record<'canary' | 'stable', Selector>>;
    }
  | { readonly ask: ValueAsk; readonly query: string };

export type SourceForm = {
  /** What is wrong with a query that a person wrote. Each problem's `field` is `query`: the caller knows the path to it. */
  readonly check: (query: string) => readonly Problem[];
  /** In how many ways sources hold what this asks for. The first is the usual one. */
  readonly ways: (question: Pick<Question, 'check' | 'telemetry'>) => number;
  /** `since`: how far back raw points are to be read, at or before the window's start. `way`: which of the ways, from 0. */
  readonly compile: (question: Question, since: Instant, way?: number) => Compiled;
};

export type SourceForms = Readonly<Record<SourceRef['kind'], SourceForm>>;

/** All that is needed to read a policy. */
export type QueryChecks = Readonly<Record<SourceRef['kind'], Pick<SourceForm, 'check'>>>;
