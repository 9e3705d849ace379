/**
 * One of several replicas works. Who does is agreed by a Lease; the others keep their caches filled, so that they can go on
 * at once. Whoever loses the lease ends: what it has under way and in memory belongs to a time that is over.
 */
import type { KubeObject } from '../values/kube-object.ts';
import { leaseKind } from '../kube/lease-record.ts';
import type { LeaseHolder, LeaseOptions } from '../kube/lease.ts';
import type { Journal } from '../ports/journal.ts';
import type { Work } from './wire-controller.ts';

export type Election = {
  readonly identity: string;
  readonly work: Work;
  /** Starts to try for the lease. */
  readonly hold: (told: Pick<LeaseOptions, 'onGained' | 'onLost'>) => LeaseHolder;
  /** The process is to end at once. Its writes have been refused from the moment the lease was over (`LeaseHolder.leading`). */
  readonly giveUp: (because: string) => void;
};

/** The words of client-go, which people look for. */
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

/** Works whenever it holds the lease, until stopped. */
export const electLeader = (turns: Election): { readonly holder: LeaseHolder; readonly stop: () => Promise<void> } => {
  const { identity, work, hold, giveUp } = turns;
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
      // What is under way is finished while the lease is still held and renewed; only then somebody else may begin.
      await work.finish();
      if (won !== undefined) work.journal.record(leaderElection(won, `${identity} stopped leading`));
      await work.close();
      await holder.stop();
    },
  };
};
