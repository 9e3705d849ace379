import type { Release } from '../../schema/release.ts';
import { describe, expect, it } from '@jest/globals';
import type { KubeObject, OwnerReference } from '../../values/kube-object.ts';
import { ownerOf, type AskedRelease } from './release-owner.ts';

const jane = { user: 'jane', tool: 'kubectl', at: '2026-01-02T03:04:05.678Z' };
const asked: AskedRelease = { workloadUid: 'now', templateHash: 'v2', stableHash: 'v1', requestedBy: jane };
const spec = {
  workload: { kind: 'Deployment', name: 'web', uid: 'now' },
  templateHash: 'v2',
  stableHash: 'v1',
  requestedBy: jane,
  policy: {},
};
const owner = (uid: string, kind = 'Deployment'): OwnerReference => ({ apiVersion: 'apps/v1', kind, name: 'web', uid });
const found = (change: object, owners: readonly OwnerReference[] = [owner('now')]): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: { name: 'web-2', ownerReferences: owners },
  spec: { ...spec, ...change },
});
const isThere = (uid: string): boolean => uid === 'now' || uid === 'another';
const earlier = { workload: { ...spec.workload, uid: 'before' } };

describe('a Release of the name that a change asks for', () => {
  it.each<[string, KubeObject, AskedRelease, string]>([
    ['is ours where all of it is as asked', found({}), asked, 'ours'],
    ['is ours where the policy has been edited since', found({ policy: { weights: [5] } }), asked, 'ours'],
    ['is not, with another template', found({ templateHash: 'v3' }), asked, 'foreign'],
    ['is not, over another template', found({ stableHash: 'v0' }), asked, 'foreign'],
    ['is not, by somebody else', found({ requestedBy: { user: 'mallory', at: jane.at } }), asked, 'foreign'],
    ['is not, asked for at another moment', found({ requestedBy: { ...jane, at: '2026-01-02' } }), asked, 'foreign'],
    ['is not, asked for by nobody', found({ requestedBy: undefined }), asked, 'foreign'],
    ['is ours where nobody knows who asked', found({}), { workloadUid: 'now', templateHash: 'v2' }, 'ours'],
    ['goes with an earlier workload of the name', found(earlier, [owner('before')]), asked, 'earlier'],
    ['stays for ever where it was orphaned', found(earlier, []), asked, 'foreign'],
    ['stays where its owner is another workload', found(earlier, [owner('another')]), asked, 'foreign'],
    ['stays where one of two owners does', found(earlier, [owner('before'), owner('another')]), asked, 'foreign'],
    ['stays where its owner is no workload', found(earlier, [owner('before', 'ConfigMap')]), asked, 'foreign'],
  ])('%s', (_name, release, wanted, whose) => {
    expect(ownerOf(release as Release, wanted, isThere)).toBe(whose);
  });
});
