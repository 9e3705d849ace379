import { join } from 'node:path';
import type { AddressPool } from './address-pool.ts';
import type { ApiClient } from './api-client.ts';
import type { DataWatch } from './data-watch.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Leftovers } from './leftovers.ts';

/** Data shared by all pods of this node. */
export interface NodeContext {
  readonly name: string;
  readonly api: ApiClient;
  readonly addresses: AddressPool;
  readonly data: DataWatch;
  readonly events: EventRecorder;
  readonly leftovers: Leftovers;
  readonly binDir: string;
  readonly workDir: string;
  /** Delay before the second consecutive restart, in ms; later delays are multiples of it. */
  readonly backoffMs: number;
  /** Whether volumes can be mounted at their paths on this host. */
  readonly canMount: boolean;
}

/** The test application's binary. */
export function testappPath(node: Pick<NodeContext, 'binDir'>): string {
  return join(node.binDir, 'sluice-testapp');
}
