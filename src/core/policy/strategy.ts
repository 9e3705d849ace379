/** What a policy does with the traffic, with all defaults resolved. The same shape for the fields of all tools. */
import type { Milliseconds } from '../../values/time.ts';
import type { Percent } from '../../values/percent.ts';
import type { Match } from '../../values/split.ts';

/** The minimum size of the canary: pods for a share of the traffic, or a number of pods. Its traffic may need more. */
export type SizeRule = { readonly weight: Percent } | { readonly replicas: number };

/** How long a release waits: for a time, or until a user continues it. */
export type Hold = Milliseconds | 'approval';

export type PolicyStep =
  | { readonly do: 'weight'; readonly weight: Percent }
  | { readonly do: 'pause'; readonly for: Hold }
  | { readonly do: 'scale'; readonly canary: SizeRule }
  | { readonly do: 'analysis'; readonly interval?: Milliseconds; readonly rounds: number }
  /** Requests that fit one of the matches go to the canary from here on; no match: the route of that name ends. */
  | { readonly do: 'header'; readonly name: string; readonly match: readonly Match[] }
  /** Copies of that share of the requests from here on; 0: none any more. */
  | { readonly do: 'mirror'; readonly name: string; readonly percent: Percent };

export type Strategy =
  /** `mirror`: copies of requests before the first weight. */
  | { readonly kind: 'weights'; readonly weights: readonly Percent[]; readonly mirror?: Percent }
  | { readonly kind: 'steps'; readonly steps: readonly PolicyStep[] }
  /** A test of that many rounds: on the requests that fit, or on no traffic but copies, before everything is switched. */
  | {
      readonly kind: 'iterations';
      readonly iterations: number;
      readonly match: readonly Match[];
      readonly mirror?: Percent;
    }
  | {
      readonly kind: 'blue-green';
      readonly preview: SizeRule;
      /** What the switch waits for once the new pods are ready. */
      readonly before: Hold;
      /** How long stable stays as it is after the switch. */
      readonly after: Milliseconds;
    };
