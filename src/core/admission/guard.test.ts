import { describe, expect, it } from '@jest/globals';
import { alice, sluice } from '../../../test/support/admission-input.ts';
import { aRequest } from '../../../test/support/an-admission-request.ts';
import type { KubeObject, Labels } from '../../values/kube-object.ts';
import type { AdmissionRequest, Answer } from './admission-request.ts';
import { guard } from './guard.ts';

const ask = (request: AdmissionRequest): Answer => guard(request, [sluice]);
const said = (request: AdmissionRequest): string => ask(request).denial?.message ?? '';
const groups: Labels = { Service: 'v1', Deployment: 'apps/v1', VirtualService: 'networking.istio.io/v1' };

const owned = (kind: string, meta: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: groups[kind] ?? 'v1',
  kind,
  metadata: {
    name: 'web-canary',
    namespace: 'shop',
    labels: { 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/release': 'web-5' },
    annotations: { 'sluice.dev/workload': 'web' },
    ownerReferences: [{ apiVersion: 'sluice.dev/v1alpha1', kind: 'Release', name: 'web-5', uid: '1' }],
    ...meta,
  },
  spec: { template: {}, selector: {} },
});
const plain = owned('Deployment', { labels: { app: 'web' } });

describe('what Sluice made', () => {
  it.each<[string, AdmissionRequest]>([
    ['is not changed', aRequest({ old: owned('Deployment'), object: owned('Deployment') })],
    ['is not deleted', aRequest({ old: owned('Service') })],
    ['is not disowned', aRequest({ old: owned('Deployment'), object: plain })],
    ['is not routed otherwise', aRequest({ old: owned('VirtualService'), object: owned('VirtualService') })],
  ])('%s by anybody else, who is told whose it is and what to do', (_case, request) => {
    expect(ask(request)).toMatchObject({ allowed: false, denial: { code: 403, reason: 'Forbidden' } });
    expect(said(request)).toContain(`${request.kind} web-canary belongs to release web-5 of Deployment web`);
    expect(said(request)).toContain('Change Deployment web (kubectl get release web-5 -n shop shows the release)');
    expect(said(request)).toContain('kubectl sluice abort web -n shop.');
    expect(said(request)).toContain('the annotation sluice.dev/break-glass: "<reason>"');
    expect(said(request)).toContain('kubectl auth can-i break-glass releases.sluice.dev -n shop');
  });

  it('tells where the annotation has to be', () => {
    expect(said(aRequest({ old: owned('Service') }))).toContain('on it beforehand');
    expect(said(aRequest({ old: owned('Service'), object: owned('Service') }))).toContain('in the same write');
  });

  it('tells who has the annotation, but not the right, which right that is', () => {
    const object = owned('Service', { annotations: { 'sluice.dev/break-glass': 'INC-42' } });
    expect(said(aRequest({ old: owned('Service'), object }))).toContain(
      'does not help you: it takes the verb break-glass',
    );
  });

  it.each<[string, Partial<KubeObject['metadata']>, string]>([
    [
      'the label',
      { ownerReferences: [], annotations: {} },
      'belongs to release web-5 and goes with it. Change the workload',
    ],
    [
      'nothing',
      { ownerReferences: [], annotations: {}, labels: { 'app.kubernetes.io/managed-by': 'sluice' } },
      'belongs to Sluice and',
    ],
  ])('that is from another version says what %s tells of it', (_case, meta, sentence) => {
    expect(said(aRequest({ old: owned('Service', meta) }))).toContain(sentence);
    expect(said(aRequest({ old: owned('Service', meta) }))).toContain('kubectl sluice abort WORKLOAD -n shop');
  });

  it.each<[string, Partial<KubeObject['metadata']>]>([
    ['an endless workload', { annotations: { 'sluice.dev/workload': 'w'.repeat(1_000_000) } }],
    [
      'an endless release',
      {
        ownerReferences: [],
        labels: { 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/release': 'r'.repeat(1_000_000) },
      },
    ],
    ['an endless namespace', { namespace: 'n'.repeat(1_000_000) }],
    ['an endless name', { name: 'n'.repeat(1_000_000) }],
  ])('is told of in sentences of bounded length, to the end: %s', (_case, meta) => {
    const message = said(aRequest({ old: owned('Service', meta) }));
    expect(message.length).toBeLessThan(3_000);
    expect(message).toContain('the annotation sluice.dev/break-glass: "<reason>" on it beforehand.');
  });

  it.each<[string, AdmissionRequest]>([
    ['created', aRequest({ object: owned('Deployment') })],
    ['claimed later', aRequest({ old: plain, object: owned('Deployment') })],
  ])('nothing else passes for it: %s', (_case, request) => {
    expect(said(request)).toContain('app.kubernetes.io/managed-by: sluice');
  });

  it.each([
    sluice,
    'system:serviceaccount:kube-system:generic-garbage-collector',
    'system:serviceaccount:kube-system:namespace-controller',
    'system:serviceaccount:kube-system:deployment-controller',
    'system:kube-controller-manager',
  ])('is open to %s', (user) => {
    expect(ask(aRequest({ old: owned('Service') }, { user })).allowed).toBe(true);
    expect(ask(aRequest({ old: owned('Service'), object: owned('Service') }, { user })).allowed).toBe(true);
  });

  it.each(['system:serviceaccount:shop:deployer', 'system:admin', 'system:anonymous', 'x-system:apiserver', alice])(
    'is closed to %s',
    (user) => expect(ask(aRequest({ old: owned('Service') }, { user })).allowed).toBe(false),
  );

  it('and what Sluice did not make is open to everybody', () => {
    expect(ask(aRequest({ old: plain })).allowed).toBe(true);
    const helm = owned('Service', { labels: { 'app.kubernetes.io/managed-by': 'Helm' } });
    expect(ask(aRequest({ old: helm, object: helm })).allowed).toBe(true);
  });
});

describe('the size of a canary', () => {
  const scale = (selector: string): KubeObject => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web-canary', namespace: 'shop' },
    spec: { replicas: 0 },
    status: { replicas: 1, selector },
  });
  const scaled = (selector: string, user = alice): AdmissionRequest =>
    aRequest({ old: scale(selector), object: scale(selector) }, { subResource: 'scale', user });
  const ours = 'app=web-canary,sluice.dev/arm=canary';

  it.each([alice, 'system:serviceaccount:kube-system:horizontal-pod-autoscaler'])('is not for %s to set', (user) => {
    expect(ask(scaled(ours, user))).toMatchObject({ case: 'guarded', denial: { code: 403 } });
    expect(said(scaled(ours, user))).toContain('Deployment web-canary is the canary of Deployment web');
    expect(said(scaled(ours, user))).toContain('kubectl sluice abort web -n shop');
  });

  it('is for Sluice', () => expect(ask(scaled(ours, sluice)).allowed).toBe(true));

  it.each(['app=web-canary', 'app=web,sluice.dev/arm=canary2', ''])(
    'of somebody else, who has the same name, is theirs: %s',
    (selector) => expect(ask(scaled(selector)).allowed).toBe(true),
  );
});

describe('D4: a Release', () => {
  const release = (phase?: string, annotations = {}): KubeObject => ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Release',
    metadata: { name: 'web-5', namespace: 'shop', annotations },
    spec: { workload: { name: 'web' } },
    ...(phase === undefined ? {} : { status: { phase } }),
  });

  it('is not deleted while it is under way, and the answer says what ends it', () => {
    const request = aRequest({ old: release('Progressing') });
    expect(ask(request)).toMatchObject({ allowed: false, denial: { code: 403, reason: 'Forbidden' } });
    expect(said(request)).toContain('Release web-5 is under way (Progressing) for Deployment web');
    expect(said(request)).toContain('kubectl sluice abort web -n shop.');
    expect(said(request)).toContain('sluice.dev/break-glass: "<reason>" on it beforehand');
  });

  it.each<[string, AdmissionRequest]>([
    ['once it is over', aRequest({ old: release('Aborted') })],
    ['before it has begun', aRequest({ old: release() })],
    ['by Sluice', aRequest({ old: release('Progressing') }, { user: sluice })],
    [
      'with its namespace',
      aRequest({ old: release('Progressing') }, { user: 'system:serviceaccount:kube-system:namespace-controller' }),
    ],
    [
      'with its workload',
      aRequest(
        { old: release('Progressing') },
        { user: 'system:serviceaccount:kube-system:generic-garbage-collector' },
      ),
    ],
  ])('is deleted %s', (_case, request) => {
    expect(ask(request).allowed).toBe(true);
  });
});
