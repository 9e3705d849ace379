import { describe, expect, it } from '@jest/globals';
import { alice } from '../../../test/support/admission-input.ts';
import { aRequest, someRules } from '../../../test/support/an-admission-request.ts';
import type { KubeObject } from '../../values/kube-object.ts';
import type { AdmissionRequest, Answer } from './admission-request.ts';
import { breakGlass } from './break-glass.ts';

const canary = (reason?: string, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web-canary',
    namespace: 'shop',
    uid: 'uid-of-canary',
    labels: { 'app.kubernetes.io/managed-by': 'sluice' },
    ownerReferences: [{ apiVersion: 'sluice.dev/v1alpha1', kind: 'Release', name: 'web-5', uid: 'uid-of-web-5' }],
    ...(reason === undefined ? {} : { annotations: { 'sluice.dev/break-glass': reason } }),
    ...more,
  },
});
const ask = (request: AdmissionRequest): Answer => breakGlass(request, someRules);

describe('a write past the guard', () => {
  it.each<[string, AdmissionRequest, string]>([
    ['an update', aRequest({ old: canary(), object: canary('INC-42') }), 'UPDATE of Deployment web-canary'],
    [
      'another update',
      aRequest({ old: canary('INC-42'), object: canary('INC-42') }),
      'UPDATE of Deployment web-canary',
    ],
    ['a deletion', aRequest({ old: canary('INC-42') }), 'DELETE of Deployment web-canary'],
    ['a creation', aRequest({ object: canary('INC-42') }), 'CREATE of Deployment web-canary'],
  ])('is let through and told on the Release, with who, what and why: %s', (_case, request, what) => {
    const { allowed, event, warnings, patch } = ask(request);
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
    expect(event).toMatchObject({
      regarding: { ref: { gvk: { kind: 'Release' }, namespace: 'shop', name: 'web-5' }, uid: 'uid-of-web-5' },
      related: { ref: { gvk: { kind: 'Deployment', group: 'apps' }, name: 'web-canary' }, uid: 'uid-of-canary' },
      type: 'Warning',
      reason: 'BreakGlass',
    });
    expect(event?.note).toContain(`${alice}: ${what} past its guard: INC-42. `);
    expect(warnings).toEqual([expect.stringContaining('as an event of Release web-5')]);
  });

  it.each<[string, AdmissionRequest, string]>([
    ['while the annotation is on', aRequest({ old: canary(), object: canary('x') }), 'leaves the object as it is'],
    ['when it is taken off', aRequest({ old: canary('x'), object: canary() }), 'looks after the object again'],
    ['after a deletion', aRequest({ old: canary('x') }), 'makes it anew'],
  ])('says what Sluice does %s', (_case, request, sentence) => {
    expect(ask(request).event?.note).toContain(sentence);
    expect(ask(request).warnings[0]).toContain(sentence);
  });

  it.each<[string, AdmissionRequest]>([
    ['an empty one', aRequest({ old: canary(), object: canary('') })],
    ['blanks', aRequest({ old: canary('INC-42'), object: canary('  ') })],
    ['an empty one that is stored', aRequest({ old: canary('') })],
  ])('needs a reason: %s', (_case, request) => {
    const { allowed, denial, event } = ask(request);
    expect({ allowed, event }).toEqual({ allowed: false, event: undefined });
    expect(denial).toMatchObject({ code: 422, message: expect.stringContaining('must say why') });
  });

  it('is told on the object itself where no Release owns it', () => {
    const object = canary('INC-42', { ownerReferences: [] });
    const { event } = ask(aRequest({ old: object, object }));
    expect(event?.regarding.ref).toMatchObject({ gvk: { kind: 'Deployment' }, name: 'web-canary' });
    expect(event?.related).toBeUndefined();
  });

  it.each([
    ['networking.istio.io/v1', 'VirtualService', 'virtualservices'],
    ['example.com/v1', 'Route', ''],
  ])('is told of %s %s, too', (apiVersion, kind, plural) => {
    const object = { ...canary('INC-42'), apiVersion, kind };
    const { event } = ask(aRequest({ old: object, object }));
    const [version, group] = apiVersion.split('/').reverse();
    expect(event?.related?.ref.gvk).toMatchObject({ kind, group, version, plural });
  });

  it('keeps an endless reason short', () => {
    const { event } = ask(aRequest({ old: canary(), object: canary('x'.repeat(5000)) }));
    expect(event?.note.length).toBeLessThan(1000);
  });

  it('keeps an endless user from crowding out the reason', () => {
    const request = aRequest({ old: canary(), object: canary('INC-42\u202e') }, { user: 'u'.repeat(1_000_000) });
    const { event } = ask(request);
    expect(event?.note.length).toBeLessThan(1000);
    expect(event?.note).toContain('past its guard: INC-42\\u{202e}. ');
  });

  it('of what Sluice did not make is none', () => {
    const object = canary('INC-42', { labels: { app: 'web' } });
    expect(ask(aRequest({ old: object, object }))).toMatchObject({ allowed: true, warnings: [] });
    expect(ask(aRequest({ old: object, object })).event).toBeUndefined();
  });
});
