import { describe, expect, it } from '@jest/globals';
import { memoryObjects, type MemoryObjects } from '../../test/support/memory-objects.ts';
import { kinds } from '../schema/kinds.ts';
import type { SelectingPolicy } from '../core/policy/opt-in.ts';
import { manualClock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import { webhookConfigurations } from '../manifests/webhooks.ts';
import { keepSelections, type Selections } from './keep-selections.ts';

const policy = (app: string): SelectingPolicy => ({
  kind: 'CanaryPolicy',
  name: app,
  namespace: 'shop',
  createdAt: '',
  selector: { matchLabels: { app } },
  namespaceSelector: {},
});

const aWorld = () => {
  const [mutating, validating] = webhookConfigurations({
    name: 'sluice',
    clientConfig: { url: 'https://127.0.0.1' },
    sluiceUsers: [],
    providerKinds: [],
    failurePolicy: 'Fail',
  });
  const cluster = memoryObjects([mutating, kinds.mutatingWebhook], [validating, kinds.validatingWebhook]);
  const clock = manualClock(0);
  const failures: unknown[] = [];
  const policies: SelectingPolicy[] = [];
  const keep = (): Selections =>
    keepSelections({
      cluster,
      configuration: 'sluice',
      policies: () => policies,
      clock,
      changed: () => undefined,
      failed: (error) => void failures.push(error),
    });
  return { cluster, clock, failures, policies, keep };
};

const selectedIn = async (cluster: MemoryObjects): Promise<readonly number[]> => {
  const found = await Promise.all(
    [kinds.mutatingWebhook, kinds.validatingWebhook].map((gvk) => cluster.fetch({ gvk, name: 'sluice' })),
  );
  return found.map((one) => {
    const { webhooks } = one as unknown as { readonly webhooks: readonly { readonly name: string }[] };
    return webhooks.filter(({ name }) => name.endsWith('.selected.sluice.dev')).length;
  });
};
const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
};

describe('the configurations', () => {
  it('follow the policies, and are not written where nothing changes', async () => {
    const { cluster, policies, keep } = aWorld();
    const selections = keep();
    for (const [apps, entries, writes] of [
      [['web', 'api'], 2, 2],
      [['web', 'api'], 2, 2],
      [['api'], 1, 4],
      [[], 0, 6],
    ] as const) {
      policies.splice(0, Infinity, ...apps.map(policy));
      selections.check();
      await turns();
      expect([await selectedIn(cluster), cluster.writes.length]).toEqual([[entries, entries], writes]);
    }
  });

  it('are brought about by replicas that race, without a write too many', async () => {
    const { cluster, policies, keep, failures } = aWorld();
    policies.push(policy('web'), policy('api'));
    const replicas = [keep(), keep(), keep()];
    for (const replica of replicas) replica.check();
    await turns();
    const stored = await cluster.fetch({ gvk: kinds.validatingWebhook, name: 'sluice' });
    // Versions 1 and 2 are the chart's.
    expect([await selectedIn(cluster), stored?.metadata.resourceVersion, failures]).toEqual([[2, 2], '4', []]);
  });

  it('are read again when somebody writes in between', async () => {
    const { cluster, policies, keep } = aWorld();
    policies.push(policy('web'));
    const ref = { gvk: kinds.mutatingWebhook, name: 'sluice' };
    const body = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: 'Zm9v' }] as const;
    cluster.beforeWrite(() => cluster.patch(ref, { type: 'json', body }));
    keep().check();
    await turns();
    expect(await selectedIn(cluster)).toEqual([1, 1]);
    expect(JSON.stringify(await cluster.fetch(ref))).toContain('Zm9v');
  });

  it('are tried again after a failure, and not after the end', async () => {
    const { cluster, clock, policies, failures, keep } = aWorld();
    policies.push(policy('web'));
    const selections = keep();
    cluster.failWith(new ClusterError('unreachable', 'gone'));
    selections.check();
    await turns();
    expect([await selectedIn(cluster), failures.length]).toEqual([[0, 0], 1]);
    cluster.failWith(undefined);
    clock.advance(10_000);
    await turns();
    expect(await selectedIn(cluster)).toEqual([1, 1]);
    policies.push(policy('api'));
    await selections.stop();
    selections.check();
    await turns();
    expect(await selectedIn(cluster)).toEqual([1, 1]);
  });

  it('may be missing: then there is nothing to do', async () => {
    const { cluster, policies, keep, failures } = aWorld();
    policies.push(policy('web'));
    await cluster.remove({ gvk: kinds.mutatingWebhook, name: 'sluice' });
    keep().check();
    await turns();
    expect([cluster.writes.length, failures]).toEqual([2, []]);
  });
});
