import { describe, expect, test } from '@jest/globals';
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import { scanningIndex } from '../../test/support/scanning-index.ts';
import { trafficRunners } from '../traffic/index.ts';
import type { TrafficPort } from './dependencies.ts';
import { inUse, madeForAnother, blockedBy } from './shared-service.ts';

const traffic = { providers: trafficRunners } as unknown as TrafficPort;
const wish = { namespace: 'shop', workload: 'web', service: 'front' };

const aRelease = (status: object | undefined, workload = 'api'): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: { name: `${workload}-2`, namespace: 'shop' },
  spec: { workload: { kind: 'Deployment', name: workload, uid: '1' } },
  ...(status === undefined ? {} : { status: status as NonNullable<KubeObject['status']> }),
});

const turn = (...releases: readonly KubeObject[]): string | undefined =>
  blockedBy(
    { index: scanningIndex({ list: <T extends KubeObject>(_gvk: Gvk<T>) => releases as readonly T[] }), traffic },
    wish,
  );

const running = { phase: 'Progressing', service: 'front', provider: 'istio' };

describe('a release waits', () => {
  test.each(['Preparing', 'Progressing', 'Promoting', 'Withdrawing'])(
    'for one that is %s behind the same Service',
    (phase) => {
      expect(turn(aRelease({ ...running, phase }))).toBe(
        'api-2 of Deployment api, which stands behind the same Service,',
      );
    },
  );

  test.each<[string, KubeObject]>([
    ['its own', aRelease(running, 'web')],
    ['one behind another Service', aRelease({ ...running, service: 'back' })],
    ['one that is over', aRelease({ ...running, phase: 'Aborted' })],
    ['one that has not started either', aRelease({ ...running, phase: 'Pending' })],
    ['one that nobody has looked at yet', aRelease(undefined)],
    ['one that splits by the number of pods', aRelease({ ...running, provider: 'kubernetes' })],
  ])('not for %s', (_whose, release) => expect(turn(release)).toBeUndefined());
});

describe('what Sluice made', () => {
  const service = (annotations?: KubeObject['metadata']['annotations']): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'front-canary',
      labels: { 'sluice.dev/release': 'api-2' },
      ...(annotations === undefined ? {} : { annotations }),
    },
  });
  const other = service({ 'sluice.dev/workload': 'api' });

  test('tells for which workload', () => {
    const asked = [other, service({ 'sluice.dev/workload': 'web' }), service()];
    expect(asked.map((object) => madeForAnother(object, 'web'))).toEqual([true, false, false]);
  });

  test('for another is named with whose it is', () =>
    expect(inUse(other)).toMatchObject({
      value: 'front-canary',
      rule: expect.stringMatching(/api-2 of Deployment api/),
    }));
});
