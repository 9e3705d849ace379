import { describe, expect, it } from '@jest/globals';
import { marks } from '../../schema/annotations.ts';
import type { Labels } from '../../values/kube-object.ts';
import { changeWarnings, deletionWarnings, type Governing, type PolicyRef, type PolicyUse } from './policy-use.ts';

type Traits = { readonly namespace?: string; readonly annotations?: Labels; readonly labels?: Labels };
type Told = { readonly now: Governing; readonly then?: Governing } & Traits;

const own: PolicyRef = { kind: 'CanaryPolicy', namespace: 'shop', name: 'careful' };
const wide: PolicyRef = { kind: 'ClusterCanaryPolicy', name: 'careful' };

/** Workloads by name, each with what governs it now and what would without the policy. */
const world = (told: Readonly<Record<string, Told>>): PolicyUse => ({
  workloads: (namespace) =>
    Object.entries(told)
      .map(([name, { now: _now, then: _then, namespace: of = 'shop', ...rest }]) => ({
        metadata: { name, namespace: of, ...rest },
      }))
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
  outOfReach: () => [],
  governing: ({ metadata }, without) => {
    const { now, then = 'missing' } = told[metadata.name] as Told;
    return without === undefined ? now : then;
  },
});
const used = (then: Governing = 'missing', more: Traits = {}): Told => ({ now: 'CanaryPolicy/careful', then, ...more });
const running = (release: string, phase?: string): Traits => ({
  annotations: { [marks.release]: release, ...(phase === undefined ? {} : { [marks.phase]: phase }) },
});

describe('deletionWarnings', () => {
  it.each<[string, Readonly<Record<string, Told>>, readonly string[]]>([
    ['nobody uses it', { api: { now: 'defaults' }, web: { now: 'ClusterCanaryPolicy/careful' } }, []],
    ['it is used in another namespace', { web: used('missing', { namespace: 'bank' }) }, []],
    [
      'one names it',
      { web: used() },
      [
        'CanaryPolicy careful is in use by 1 workload (web): its next change of the pod template is held until there is a policy careful again, or it names another',
      ],
    ],
    [
      'several do, and are counted',
      Object.fromEntries(['g', 'f', 'e', 'd', 'c', 'b', 'a'].map((name) => [name, used()])),
      [
        'CanaryPolicy careful is in use by 7 workloads (a, b, c, d, e and 2 more): their next change of the pod template is held until there is a policy careful again, or they name another',
      ],
    ],
    [
      'a policy of the cluster has its name',
      { web: used('ClusterCanaryPolicy/careful') },
      [
        'CanaryPolicy careful is in use by 1 workload (web): from now on ClusterCanaryPolicy/careful says how it is released',
      ],
    ],
    [
      'it selects them, and each goes another way',
      { api: used('nothing'), web: used('defaults') },
      [
        'CanaryPolicy careful is in use by 1 workload (api): from now on it rolls natively, without canary releases',
        'CanaryPolicy careful is in use by 1 workload (web): from now on the defaults say how it is released',
      ],
    ],
    [
      'a release is under way',
      { web: used('missing', running('web-7')) },
      [
        expect.stringContaining('1 workload (web)') as unknown as string,
        '1 release under way keeps the policy as it was when it started (web-7 of web); Pending and later releases use the policy as it is when they start',
      ],
    ],
    [
      'what uses it is a canary, which goes with its release',
      { web: used('missing', { labels: { 'app.kubernetes.io/managed-by': 'sluice' } }) },
      [],
    ],
  ])('when %s', (_case, told, warnings) => expect(deletionWarnings(own, world(told))).toEqual(warnings));

  it('of a policy of the cluster name the namespaces', () => {
    const told = {
      web: { now: 'ClusterCanaryPolicy/careful', namespace: 'shop' },
      api: { now: 'ClusterCanaryPolicy/careful', namespace: 'bank' },
    } as const;
    expect(deletionWarnings(wide, world(told))).toEqual([
      expect.stringContaining(
        'ClusterCanaryPolicy careful is in use by 2 workloads (bank/api and shop/web): their next',
      ),
    ]);
  });
});

describe('changeWarnings', () => {
  it.each<[string, Readonly<Record<string, Told>>, readonly string[]]>([
    ['no release is under way', { web: used() }, []],
    [
      'one has failed, or was skipped',
      { web: used('missing', running('web-7', 'Failed')), api: used('missing', running('api-2', 'Skipped')) },
      [],
    ],
    ['the user has paused and it has not begun', { web: used('missing', running('web-7', 'UserPaused')) }, []],
    [
      'releases climb and are promoted',
      { web: used('missing', running('web-7')), api: used('missing', running('api-2', 'Promoting')) },
      [
        '2 releases under way keep the policy as it was when it started (api-2 of api and web-7 of web); Pending and later releases use the policy as it is when they start',
      ],
    ],
  ])('when %s', (_case, told, warnings) => expect(changeWarnings(own, world(told))).toEqual(warnings));
});
