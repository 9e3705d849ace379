/** Stories of policies that come late or are mended before a release starts, and of what a person is asked to do then. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { specOf } from '../core/release/revised.ts';
import { apiVersion } from '../schema/names.ts';
import { kinds } from '../schema/kinds.ts';
import { judgedBy } from '../../test/harness/engine-wiring.ts';
import { namespace, optedIn, refs, World } from '../../test/harness/world.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

const late = { 'sluice.dev/policy': 'late' };
const lateRef = { gvk: kinds.canaryPolicy, namespace, name: 'late' };
const spec = judgedBy({ provider: 'kubernetes', weights: [50], interval: '10s' });
const bring = (kind: 'CanaryPolicy' | 'ClusterCanaryPolicy'): void => {
  const policy = { apiVersion, kind, metadata: { name: 'late' }, spec };
  if (kind === 'CanaryPolicy') world.apply(policy);
  else world.server.create(policy, kinds.clusterCanaryPolicy, { user: 'root' });
};
/** What the newest release goes by. */
const policyName = (): string | undefined => {
  const release = world.server.list(kinds.release, namespace).at(-1);
  return release === undefined ? undefined : specOf(release).policyName;
};
const phase = (wanted: string): Promise<void> => world.until(wanted, (w) => w.release()?.phase === wanted);
const wait = (): Promise<void> => world.pass(3_600_000);

describe('F11: a chart that brings its own policy', () => {
  it('F11: its Deployment is admitted before the policy is there, and the first version rolls', async () => {
    world = await World.begin({ splitting: 'replicas' });
    world.warnings.length = 0;
    world.remove(refs.web);
    await world.settle();
    world.applyVersion('v1', late);
    await world.until('the roll', (w) => w.rolledOut());
    expect(world.warnings.join('\n')).toContain('"late": names no CanaryPolicy in the namespace shop');
    bring('CanaryPolicy');
    world.applyVersion('v2', late);
    await phase('Succeeded');
    expect(policyName()).toBe('CanaryPolicy/late');
  });

  it.each(['CanaryPolicy', 'ClusterCanaryPolicy'] as const)(
    'F11: an upgrade waits for a %s that is missing, however long, and starts by itself',
    async (kind) => {
      world = await World.begin({ splitting: 'replicas' });
      world.applyVersion('v2', late);
      await world.settle();
      await wait();
      expect(world.release()).toMatchObject({ phase: 'Pending', status: { waiting: { reason: 'PolicyMissing' } } });
      expect(world.release()?.message).toMatch(/Create it.*Once that is done, the release starts by itself\.$/);
      expect([world.get(refs.web)?.spec.paused, world.serving()]).toEqual([true, { 'web v1': 4 }]);
      // Once, on the workload and on the Release.
      expect(world.told().filter((reason) => reason === 'PolicyMissing')).toHaveLength(2);
      bring(kind);
      await phase('Succeeded');
      expect(policyName()).toBe(`${kind}/late`);
      await world.until('the roll', (w) => w.rolledOut());
      expect(world.serving()).toEqual({ 'web v2': 4 });
    },
  );

  it('F11: naming another policy instead starts it as well', async () => {
    world = await World.begin({ splitting: 'replicas' });
    world.applyVersion('v2', late);
    await world.settle();
    world.applyVersion('v2', optedIn);
    await phase('Succeeded');
    expect(world.releases()).toHaveLength(1);
  });

  it('F11: a wrong policy is refused as before', async () => {
    world = await World.begin({ splitting: 'replicas' });
    expect(() => world.applyVersion('v2', { ...late, 'sluice.dev/interval': 'soon' })).toThrow('sluice.dev/interval');
  });
});

describe('F12: a release that has not started takes what is mended', () => {
  const second = (): object => {
    const { metadata, ...rest } = world.get(refs.service)!;
    return { ...rest, kind: 'Service', apiVersion: 'v1', metadata: { name: `${metadata.name}-grpc` } };
  };
  const twoServices = async (): Promise<void> => {
    world = await World.begin({ splitting: 'replicas' });
    const one = world.get(refs.service)!;
    world.apply({ ...second() });
    world.apply({ apiVersion: 'v1', kind: 'Service', spec: one.spec, metadata: { name: 'web-http' } });
    world.remove(refs.service);
    await world.settle();
    world.applyVersion('v2');
    await world.settle();
    expect(world.release()).toMatchObject({ phase: 'Pending', status: { waiting: { reason: 'CannotStart' } } });
    expect(world.release()?.message).toContain('sluice.dev/service');
  };

  it('F12: the annotation that the message asks for, and no new template', async () => {
    await twoServices();
    await world.pass(30_000);
    world.applyVersion('v2', { ...optedIn, 'sluice.dev/service': 'web-http' });
    await phase('Succeeded');
    expect(world.releases()).toHaveLength(1);
    expect(world.told()).toContain('PolicyRevised');
  });

  it('F12: a policy that is changed', async () => {
    await twoServices();
    world.apply({
      apiVersion,
      kind: 'CanaryPolicy',
      metadata: { name: 'story' },
      spec: { ...spec, service: 'web-grpc' },
    });
    await phase('Succeeded');
  });

  it('F12: after the deadline the words name the command that works', async () => {
    await twoServices();
    await phase('Failed');
    expect(world.release()?.message).toContain('Once that is done: kubectl sluice retry web');
    world.applyVersion('v2', { ...optedIn, 'sluice.dev/service': 'web-http' });
    world.ask('retry');
    await phase('Succeeded');
  });

  it('F12: one that has started keeps its policy', async () => {
    world = await World.begin({ splitting: 'replicas' });
    world.applyVersion('v2');
    await phase('Progressing');
    world.applyVersion('v2', { ...optedIn, 'sluice.dev/steps': '90' });
    await phase('Succeeded');
    expect(world.told()).not.toContain('PolicyRevised');
    expect(world.get(lateRef)).toBeUndefined();
  });
});
