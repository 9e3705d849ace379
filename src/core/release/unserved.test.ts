import { describe, expect, it } from '@jest/globals';
import { World } from '../../../test/support/release-world.ts';
import { isUnservedNote, unservedNote } from './unserved.ts';

const why = 'the provider smi works with TrafficSplit, which the API server does not serve';
const midway = (): World => new World().run(300, (w) => w.status.step === 2 && w.observed === 25);
/** The kind goes, and with it every route of it. */
const uninstall = (w: World): void => {
  w.unserved = why;
  w.observed = 0;
};

describe('a release whose kind of route is uninstalled', () => {
  it('waits, says why, and writes nothing again and again', () => {
    const w = midway();
    uninstall(w);
    w.run(3);
    expect(w.status).toMatchObject({ phase: 'Progressing', step: 2, message: unservedNote(why) });
    const before = JSON.stringify(w.status);
    const done = w.done.filter((effect) => effect.do === 'route').length;
    w.run(600);
    expect(JSON.stringify(w.status)).toBe(before);
    expect(w.done.filter((effect) => effect.do === 'route')).toHaveLength(done);
  });

  it('puts its split back, and holds it for a whole interval, once the kind is there again', () => {
    const w = midway();
    uninstall(w);
    w.run(60);
    w.unserved = undefined;
    const back = w.now;
    w.run(300, (x) => x.status.step === 3);
    expect(w.now - back).toBeGreaterThanOrEqual(w.policy.interval);
    expect(w.run().status.phase).toBe('Succeeded');
    expect(isUnservedNote(w.status.message)).toBe(false);
  });

  it('can be aborted meanwhile', () => {
    const w = midway();
    uninstall(w);
    w.run(5);
    w.workload = { ...w.workload, templateHash: 'hash-v1', marks: { release: '' }, paused: false };
    delete (w.workload as { marks?: unknown }).marks;
    w.observed = 'unknown';
    expect(w.run().status).toMatchObject({ phase: 'Aborted' });
    expect(w.canary).toBeUndefined();
  });

  it('is promoted all the same where everything was judged before', () => {
    const w = new World().run(300, (x) => x.status.phase === 'Promoting');
    uninstall(w);
    w.run(20, (x) => x.workload.complete);
    w.observed = 'unknown';
    expect(w.run().status.phase).toBe('Succeeded');
  });

  it('gives its canary up at the deadline where it has no ready pod, as ever', () => {
    const w = midway();
    uninstall(w);
    w.podsBecomeReady = false;
    if (w.canary !== undefined) w.canary.ready = 0;
    w.run(300, (x) => x.status.phase === 'Failing');
    expect(w.status.ending?.reason).toBe('CanaryNotReady');
  });
});
