/** The part of a metric source that needs no I/O; the webhook and the controller share it. */
import type { Problem } from '../../values/problem.ts';
import type { Instant } from '../../values/time.ts';
import type { Series } from '../judge/series.ts';
import type { Question, SourceRef } from './question.ts';
import type { Selector } from './selector.ts';

/** Asks for the raw points in (from, to] of the selected series, without extrapolation. */
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
  /** Warnings of the source (partial data, a doubtful query), which are added to the verdict's message. */
  readonly notes: readonly string[];
  /** Length of the response in bytes, from which the size of later requests is limited. */
  readonly bytes: number;
};

/** A question compiled for its source. `query` is about this release alone, in a form that a person can repeat. */
export type Compiled =
  | {
      readonly ask: SamplesAsk;
      readonly query: string;
      /** A short description of the selected series. */
      readonly sought: string;
      /** Selectors that separate the series of the two arms. */
      readonly arms: Readonly<Record<'canary' | 'stable', Selector>>;
    }
  | { readonly ask: ValueAsk; readonly query: string };

export type SourceForm = {
  /** Checks a query that a person wrote. The `field` of each problem is `query`; the caller adds the path to it. */
  readonly check: (query: string) => readonly Problem[];
  /** The number of label schemes under which sources may hold the series. The first one is the usual one. */
  readonly ways: (question: Pick<Question, 'check' | 'telemetry'>) => number;
  /** `since` is the start of the raw points, at or before the window's start. `way` is the index of the label scheme. */
  readonly compile: (question: Question, since: Instant, way?: number) => Compiled;
};

export type SourceForms = Readonly<Record<SourceRef['kind'], SourceForm>>;

/** The part that is needed to parse policies. */
export type QueryChecks = Readonly<Record<SourceRef['kind'], Pick<SourceForm, 'check'>>>;
