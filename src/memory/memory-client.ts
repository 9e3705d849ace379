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
  /** Everything that was to be written, whatever came of it. */
  readonly writes: readonly ClientWrite[];
  /** When each request was made: writes, and live reads past the cache. */
  readonly requests: readonly Instant[];
  /** What goes wrong from now on. */
  plan(faults: FaultPlan): void;
  /** As a process that is killed: nothing more is written, answered or told. */
  kill(): void;
  readonly killed: boolean;
  /** From now on the watch tells nothing until `deliver`, so that the cache knows of nothing but the client's own writes. */
  hold(): void;
  /** Tells what is held, or the first few changes of it, and returns how many are left. */
  deliver(count?: number): number;
  /** Tells what is held, and everything else as it comes. */
  flow(): void;
}
