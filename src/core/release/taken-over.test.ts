import { describe, expect, it } from '@jest/globals';
import { World } from '../../../test/support/release-world.ts';
import type { KubeObject, Labels } from '../../values/kube-object.ts';
import { isTakenOver, takenOverNote } from './taken-over.ts';

const object = (name: string, annotations: Labels, managedBy = 'sluice'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, annotations, labels: { 'app.kubernetes.io/managed-by': managedBy } },
});
const why = { 'sluice.dev/break-glass': 'INC-42' };

describe('an object of Sluice', () => {
  it('is taken over while its annotation says why', () => {
    expect(isTakenOver(object('web-canary', why))).toBe(true);
    expect(isTakenOver(object('web-canary', {}))).toBe(false);
    expect(isTakenOver(object('web-canary', { 'sluice.dev/break-glass': ' ' }))).toBe(false);
  });

  it('is the only one that can be', () => expect(isTakenOver(object('web', why, 'Helm'))).toBe(false));

  it('that is taken over is named with the reason', () => {
    expect(takenOverNote([object('a', {})])).toBeUndefined();
    expect(takenOverNote([object('a', why), object('b', {}), object('c', why)])).toBe(
      'left alone: Service a (INC-42), Service c (INC-42); until the annotation sluice.dev/break-glass is taken off',
    );
  });
});

describe('a release', () => {
  const note = 'left alone: Deployment web-canary (INC-42); until …';
  const midway = (): World => new World().run(300, (w) => w.status.step === 2 && w.share === 25);

  it('stays at its step, and says why, while something of it is taken over', () => {
    const w = midway();
    w.takenOver = { note, route: false };
    w.run(60);
    expect(w.status).toMatchObject({ phase: 'Progressing', step: 2, message: note });
    w.takenOver = undefined;
    w.run();
    expect(w.status.phase).toBe('Succeeded');
    expect(w.weights).toEqual([5, 25, 50]);
  });

  it('writes nothing again and again meanwhile, whatever its route says', () => {
    const w = midway();
    w.takenOver = { note, route: true };
    w.run(3);
    const before = JSON.stringify(w.status);
    for (let second = 0; second < 30; second += 1) {
      w.share = 0;
      w.reconcile();
      w.pass(1000);
    }
    expect(JSON.stringify(w.status)).toBe(before);
  });

  it('puts its split back, and holds it for a whole interval, once the route is given back', () => {
    const w = midway();
    w.takenOver = { note, route: true };
    w.run(60);
    w.share = 0;
    w.takenOver = undefined;
    const back = w.now;
    w.run(300, (x) => x.status.step === 3);
    expect(w.now - back).toBeGreaterThanOrEqual(w.policy.interval);
    expect(w.share).toBe(25);
    expect(w.run().status.phase).toBe('Succeeded');
  });

  it('whose canary was changed by hand fails once it is given back: what was measured says nothing', () => {
    const w = midway();
    w.takenOver = { note, route: false };
    w.edited = true;
    w.run(60);
    expect(w.status).toMatchObject({ phase: 'Progressing', message: note });
    w.takenOver = undefined;
    w.run();
    expect(w.status).toMatchObject({ phase: 'Failed', ending: { reason: 'CanaryEdited' } });
    expect({ canary: w.canary, losses: w.losses, paused: w.workload.paused }).toEqual({
      canary: undefined,
      losses: [],
      paused: true,
    });
  });

  it('that has not begun does not mind the canary of the one before', () => {
    const w = new World();
    w.preflight = [{ field: 'Service', rule: 'is missing', todo: 'Make one.' }];
    w.canary = { replicas: 1, ready: 1 };
    w.edited = true;
    w.reconcile();
    expect(w.status.phase).toBe('Pending');
  });

  it('that is to end waits for a route that is taken over, and ends when it is given back', () => {
    const w = midway();
    w.request = { id: '1', verb: 'abort' };
    w.takenOver = { note, route: true };
    // Nobody takes the split out: the effects leave the route alone.
    const held = { carryOut: w.carryOut.bind(w) };
    w.carryOut = (effect) =>
      effect.do === 'restore-routes' || effect.do === 'route' ? undefined : held.carryOut(effect);
    w.run(60);
    expect(w.status).toMatchObject({ phase: 'Withdrawing', message: note });
    expect(w.canary).toBeDefined();
    w.carryOut = held.carryOut;
    w.takenOver = undefined;
    w.run();
    expect(w.status.phase).toBe('Aborted');
    expect(w.status.message).not.toBe(note);
    expect(w.losses).toEqual([]);
  });
});
