import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../values/kube-object.ts';
import type { LeaseHolder, LeaseOptions } from './lease.ts';
import { memoryJournal } from '../ports/journal.ts';
import { electLeader } from './leader-election.ts';

type Told = Pick<LeaseOptions, 'onGained' | 'onLost'>;

const lease: KubeObject = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'sluice-controller', namespace: 'sluice-system', uid: 'u1' },
};

const setUp = () => {
  const story: string[] = [];
  const journal = memoryJournal();
  const inFlight = Promise.withResolvers<undefined>();
  const asked: { told?: Told } = {};
  const turns = electLeader({
    identity: 'me',
    work: {
      start: () => story.push('start'),
      finish: async () => {
        story.push('finish');
        await inFlight.promise;
      },
      close: () => Promise.resolve(void story.push(`close after ${journal.entries.length} events`)),
      journal,
    },
    hold: (told): LeaseHolder => {
      asked.told = told;
      return { leading: true, stop: () => Promise.resolve(void story.push('give the lease back')) };
    },
    giveUp: (because) => story.push(`give up: ${because}`),
  });
  return { ...turns, story, journal, inFlight, told: asked.told! };
};

describe('a replica that takes turns', () => {
  test('does nothing before it has won the lease, and says on the lease that it has', () => {
    const { story, journal, told } = setUp();
    expect(story).toEqual([]);
    told.onGained(lease);
    expect(story).toEqual(['start']);
    expect(journal.entries).toMatchObject([
      {
        regarding: { ref: { name: 'sluice-controller', namespace: 'sluice-system' }, uid: 'u1' },
        type: 'Normal',
        reason: 'LeaderElection',
        note: 'me became leader',
      },
    ]);
  });

  test('gives up when the lease is lost, and says nothing: it may not write any more', () => {
    const { story, journal, told } = setUp();
    told.onGained(lease);
    told.onLost();
    expect(story).toEqual(['start', 'give up: the lease is lost, so this replica ends and another one goes on']);
    expect(journal.entries).toHaveLength(1);
  });

  test('that is told to stop keeps the lease until what is in flight is done and told', async () => {
    const { story, journal, told, stop, inFlight } = setUp();
    told.onGained(lease);
    const stopped = stop();
    await new Promise(setImmediate);
    expect(story).toEqual(['start', 'finish']);
    inFlight.resolve(undefined);
    await stopped;
    expect(story).toEqual(['start', 'finish', 'close after 2 events', 'give the lease back']);
    expect(journal.entries.at(-1)).toMatchObject({ reason: 'LeaderElection', note: 'me stopped leading' });
  });

  test('that stands by has nothing to say when it stops, and begins nothing if it wins meanwhile', async () => {
    const { story, journal, told, stop, inFlight } = setUp();
    const stopped = stop();
    told.onGained(lease);
    inFlight.resolve(undefined);
    await stopped;
    expect(story).toEqual(['finish', 'close after 0 events', 'give the lease back']);
    expect(journal.entries).toEqual([]);
  });
});
