/**
 * Leader election: one replica works, and the standbys keep their caches filled so that they can take over at once. A
 * replica that loses the lease exits, since its memory and unfinished work are out of date.
 */
import type { KubeObject } from '../values/kube-object.ts';
import { leaseKind } from './lease-record.ts';
import type { LeaseHolder, LeaseOptions } from './lease.ts';
import type { Journal } from '../ports/journal.ts';

/** The work that only the leader does. */
export type Work = {
  readonly start: () => void;
  /** Starts no more work; resolves when none is in flight. */
  readonly finish: () => Promise<void>;
  /** Resolves when the journal is sent, or after a timeout. */
  readonly close: () => Promise<void>;
  readonly journal: Journal;
};

export type Election = {
  readonly identity: string;
  readonly work: Work;
  /** Starts trying to acquire the lease. */
  readonly hold: (callbacks: Pick<LeaseOptions, 'onGained' | 'onLost'>) => LeaseHolder;
  /** Ends the process at once. Its writes are already refused since the lease ended (`LeaseHolder.leading`). */
  readonly giveUp: (because: string) => void;
};

/** Uses client-go's reason, which people search for. */
const leaderElection = (lease: KubeObject, note: string): Parameters<Journal['record']>[0] => ({
  regarding: {
    ref: { gvk: leaseKind, namespace: lease.metadata.namespace ?? '', name: lease.metadata.name },
    uid: lease.metadata.uid ?? '',
  },
  type: 'Normal',
  reason: 'LeaderElection',
  action: 'LeaderElection',
  note,
});

/** Starts the work when the lease is acquired. */
export const electLeader = (
  election: Election,
): { readonly holder: LeaseHolder; readonly stop: () => Promise<void> } => {
  const { identity, work, hold, giveUp } = election;
  let stopping = false;
  let won: KubeObject | undefined;
  const holder = hold({
    onGained: (lease) => {
      if (stopping) return;
      won = lease;
      work.journal.record(leaderElection(lease, `${identity} became leader`));
      work.start();
    },
    onLost: () => giveUp('the lease is lost, so this replica ends and another one goes on'),
  });
  return {
    holder,
    stop: async () => {
      stopping = true;
      // Finish running work while the lease is still renewed; only then may another replica start.
      await work.finish();
      if (won !== undefined) work.journal.record(leaderElection(won, `${identity} stopped leading`));
      await work.close();
      await holder.stop();
    },
  };
};
