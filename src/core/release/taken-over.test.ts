import { describe, expect, it } from '@jest/globals';
import {
  answersTo,
  atStep,
  begin,
  facts,
  fulfilled,
  pristine,
  stepped,
  then,
  v2,
  withWeight,
  type Moment,
} from '../../../test/support/release-facts.ts';
import type { KubeObject, Labels } from '../../values/kube-object.ts';
import { initialStatus } from './step.ts';
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
  const taken = (moment: Moment, route: boolean, later = 0): Moment =>
    then(moment, { takenOver: { note, route } }, later);
  const given = ({ status, facts: { takenOver: _, ...rest } }: Moment): Moment => ({ status, facts: rest });
  const after = (moment: Moment): Moment => ({ status: stepped(moment).status, facts: moment.facts });

  it('stays at its step, and says why, while something of it is taken over', () => {
    const held = after(taken(atStep(2), false));
    const { status } = stepped(taken(held, false, 60_000));
    expect(status).toMatchObject({ phase: 'Progressing', step: 2, message: note });
    expect(stepped(given(taken(held, false, 60_000))).status.message).not.toBe(note);
  });

  it('writes nothing again and again meanwhile, whatever its route says', () => {
    const lost = { ...pristine, observed: withWeight(0), pristine: false };
    const held = after(then(taken(atStep(2), true), { route: lost }));
    for (const seconds of [1, 5, 30]) {
      const { status } = stepped(then(held, {}, seconds * 1000));
      expect(status).toEqual(held.status);
    }
  });

  it('puts its split back, and holds it for a whole interval, once the route is given back', () => {
    const lost = { ...pristine, observed: withWeight(0), pristine: false };
    const back = given(then(after(taken(atStep(2), true)), { route: lost }, 60_000));
    const { status, effects } = stepped(back);
    expect(effects).toContainEqual({ do: 'route', split: withWeight(25) });
    const repaired = { status, facts: fulfilled(status, { now: back.facts.now }) };
    expect(
      stepped(then(repaired, {}, 9000)).questions.every(({ window }) => window.to >= back.facts.now + 10_000),
    ).toBe(true);
  });

  it('whose canary was changed by hand fails once it is given back: what was measured says nothing', () => {
    const edited = then(atStep(2), { canary: { templateHash: v2, replicas: 4, ready: 4, edited: true } });
    expect(stepped(taken(edited, false)).status).toMatchObject({ phase: 'Progressing', message: note });
    expect(stepped(edited).status.ending?.reason).toBe('CanaryEdited');
  });

  it('that has not begun does not mind the canary of the one before', () => {
    const preflight = [{ field: 'Service', rule: 'is missing', todo: 'Make one.' }];
    const canary = { templateHash: v2, replicas: 1, ready: 1, edited: true } as const;
    const blocked = { status: initialStatus(begin), facts: facts({ preflight, canary, canaryGone: false }) };
    expect(stepped(blocked).status.phase).toBe('Pending');
  });

  it('that is to end waits for a route that is taken over, and ends when it is given back', () => {
    const aborted = taken(then(atStep(2), { requests: [{ id: '1', verb: 'abort' }] }), true);
    const waits = taken(after(aborted), true, 60_000);
    expect(stepped(waits).status).toMatchObject({ phase: 'Withdrawing', message: note });
    expect(stepped(waits).effects.map((effect) => effect.do)).not.toContain('remove-canary');
    const asking = then(given(waits), { route: pristine });
    const back = then(asking, { answers: answersTo(stepped(asking).questions, 'hold') });
    expect(stepped(back).status.message).not.toBe(note);
    expect(stepped(back).effects.map((effect) => effect.do)).toContain('remove-canary');
  });
});
