/** A client of the cluster in memory, as tests see it. */
import type { Cluster } from '../ports/cluster.ts';
import type { Instant } from '../values/time.ts';
import type { ClientWrite, FaultPlan } from './faults.ts';
import type { MemoryWatch } from './kind-cache.ts';
import type { Author, MemoryServer } from './memory-server.ts';

export type MemoryClusterOptions = {
  readonly server: MemoryServer;
  readonly watch: readonly MemoryWatch[];
  /** Who writes; `sluice`. */
  readonly author?: Author;
  readonly faults?: FaultPlan;
};

export interface MemoryCluster extends Cluster {
  /** Resolves when every kind that is not optional is served. */
  readonly ready: Promise<void>;
  /** Kinds that are not optional and not served. */
  pending(): readonly string[];
  /** Ends all watches; the caches stay as they are. */
  stop(): Promise<void>;
  /** Every attempted write, successful or not. */
  readonly writes: readonly ClientWrite[];
  /** When each request was made: writes, and live reads past the cache. */
  readonly requests: readonly Instant[];
  /** Sets the faults of later writes. */
  plan(faults: FaultPlan): void;
  /** Behaves like a killed process: no further writes, answers or events. */
  kill(): void;
  readonly killed: boolean;
  /** Holds back watch events until `deliver`, so that the cache sees only the client's own writes. */
  hold(): void;
  /** Delivers the held events, or the first `count` of them, and returns how many are left. */
  deliver(count?: number): number;
  /** Delivers the held events, and later ones as they come. */
  flow(): void;
}
