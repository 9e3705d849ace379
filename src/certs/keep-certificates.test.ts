import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { memoryObjects, type MemoryObjects } from '../../test/support/memory-objects.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { serverClock, type ServerClock } from '../ports/server-clock.ts';
import { manualClock, type Clock, type ManualClock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { Credential } from './authority.ts';
import { memoryStore, type CertificateStore } from './certificate-store.ts';
import { keepCertificates, retryTime, settleTime, type Keeper, type KeepOptions } from './keep-certificates.ts';
import { newPrivateKey } from './key-pair.ts';
import { certificatesIn, due, type Material } from './material.ts';
import { secretStore } from './secret-store.ts';
import { trustAuthority } from './trust.ts';

const day = 86_400_000;
const names = { dnsNames: ['sluice-webhook.sluice-system.svc'], ips: [] };
const lifetimes = { authority: 300, serving: 30 };
const secretName = { namespace: 'sluice-system', name: 'sluice-webhook-certificate' };

let pool: readonly string[];
beforeAll(async () => {
  pool = await Promise.all([newPrivateKey(), newPrivateKey(), newPrivateKey(), newPrivateKey()]);
}, 60_000);

const keepers: Keeper[] = [];
afterEach(() => keepers.splice(0).forEach((keeper) => keeper.stop()));

const configuration = (kind: string, webhooks: number): KubeObject =>
  ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'sluice' },
    webhooks: Array.from({ length: webhooks }, (_, i) => ({
      name: `${i}.sluice.dev`,
      clientConfig: { service: { name: 'x' } },
    })),
  }) as KubeObject;
const configured = (): MemoryObjects =>
  memoryObjects(
    [configuration('MutatingWebhookConfiguration', 2), kinds.mutatingWebhook],
    [configuration('ValidatingWebhookConfiguration', 4), kinds.validatingWebhook],
  );
const bundlesIn = async (cluster: MemoryObjects): Promise<readonly string[]> => {
  const found = await Promise.all(
    [kinds.mutatingWebhook, kinds.validatingWebhook].map((gvk) => cluster.fetch({ gvk, name: 'sluice' })),
  );
  return found.flatMap((one) =>
    ((one as unknown as { webhooks?: { clientConfig: { caBundle?: string } }[] } | undefined)?.webhooks ?? []).map(
      ({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(),
    ),
  );
};

type World = {
  readonly clock: ManualClock;
  readonly cluster: MemoryObjects;
  readonly used: Credential[];
  readonly failures: unknown[];
  readonly keep: (more?: Partial<KeepOptions>) => Promise<Keeper>;
};
const world = (cluster = configured(), clock = manualClock()): World => {
  const used: Credential[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const options: KeepOptions = {
    store: secretStore(cluster, secretName),
    names,
    clock,
    lifetimes,
    newKey: () => Promise.resolve(pool[next++ % pool.length] ?? ''),
    trust: (bundle) => trustAuthority(cluster, 'sluice', bundle),
    use: (credential) => used.push(credential),
    failed: (error) => failures.push(error),
  };
  const keep = async (more: Partial<KeepOptions> = {}): Promise<Keeper> => {
    const keeper = await keepCertificates({ ...options, ...more });
    keepers.push(keeper);
    return keeper;
  };
  return { clock, cluster, used, failures, keep };
};
const storedIn = async (cluster: MemoryObjects): Promise<Material> =>
  (await secretStore(cluster, secretName).load()).material!;

describe('the certificate', () => {
  it('is made, stored, trusted everywhere, and used', async () => {
    const { cluster, used, keep, clock } = world();
    await keep();
    const material = await storedIn(cluster);
    expect(used).toEqual([material.serving]);
    expect(due(material, names, clock.now())).toBe('nothing');
    expect(await bundlesIn(cluster)).toEqual(Array(6).fill(certificatesIn(material.authority.cert).join('')));
  });

  it('is found again after a restart, without a write', async () => {
    const { cluster, used, keep } = world();
    await keep();
    const before = cluster.writes.length;
    await keep();
    expect(used[1]).toEqual(used[0]);
    expect(cluster.writes.length).toBe(before);
  });

  it('is one for all replicas, however they race', async () => {
    const cluster = configured();
    const [a, b, c] = [world(cluster), world(cluster), world(cluster)];
    await Promise.all([a.keep(), b.keep(), c.keep()]);
    expect(new Set([a, b, c].flatMap(({ used }) => used.map(({ cert }) => cert))).size).toBe(1);
  });

  it('that somebody else stored in between wins over ours', async () => {
    const { cluster, used, keep } = world();
    const first = world(cluster);
    cluster.beforeWrite(() => first.keep());
    await keep();
    expect(used).toEqual(first.used);
  });

  it('is replaced where the stored one is nonsense, and what else is in the Secret stays', async () => {
    const { cluster, used, keep } = world();
    const nonsense = { 'tls.crt': 'eA==', 'tls.key': 'eA==', 'ca.crt': 'eA==', 'ca.key': 'eA==', note: 'eA==' };
    await cluster.create(
      { apiVersion: 'v1', kind: 'Secret', metadata: secretName, data: nonsense } as KubeObject,
      kinds.secret,
    );
    await keep();
    expect(used).toEqual([(await storedIn(cluster)).serving]);
    expect(await cluster.fetch({ gvk: kinds.secret, ...secretName })).toMatchObject({ data: { note: 'eA==' } });
  });

  it('is not to be had without the store', async () => {
    const { cluster, keep } = world();
    cluster.failWith(new ClusterError('forbidden', 'no'));
    await expect(keep()).rejects.toMatchObject({ reason: 'forbidden' });
  });
});

describe('a renewal', () => {
  it('comes by itself after two thirds, and changes over when API servers have settled', async () => {
    const { clock, cluster, used, keep } = world();
    await keep();
    await clock.advanceAsync(19 * day);
    expect(used).toHaveLength(1);
    await clock.advanceAsync(2 * day);
    expect(used).toHaveLength(2);
    expect(used[1]).toEqual((await storedIn(cluster)).serving);
    expect(due(await storedIn(cluster), names, clock.now())).toBe('nothing');
  });

  it('of the authority has both trusted before the new certificate is shown', async () => {
    const { clock, cluster, keep } = world();
    const events: string[] = [];
    await keep({
      lifetimes: { authority: 36, serving: 30 },
      trust: (bundle) => {
        events.push(`trust ${bundle.match(/BEGIN/g)?.length}`);
        return trustAuthority(cluster, 'sluice', bundle);
      },
      use: () => events.push('use'),
    });
    const old = (await storedIn(cluster)).authority.cert;
    await clock.advanceAsync(23 * day);
    const first = ['trust 1', 'use', 'trust 1', 'use'];
    expect(events).toEqual(first);
    await clock.advanceAsync(2 * day);
    expect(events).toEqual([...first, 'trust 2', 'use']);
    const { authority, previous } = await storedIn(cluster);
    expect([certificatesIn(previous), authority.cert === old]).toEqual([certificatesIn(old), false]);
    expect(new Set(await bundlesIn(cluster))).toEqual(
      new Set([[authority.cert, old].flatMap(certificatesIn).join('')]),
    );
  });

  it('waits for the trust: what is in use stays until then', async () => {
    const { clock, used, failures, keep } = world();
    let broken: ClusterError | undefined;
    await keep({ trust: () => (broken === undefined ? Promise.resolve('unchanged') : Promise.reject(broken)) });
    broken = new ClusterError('unreachable', 'no API server');
    await clock.advanceAsync(21 * day);
    expect([used.length, failures.length > 0]).toEqual([1, true]);
    broken = undefined;
    await clock.advanceAsync(retryTime);
    expect(used).toHaveLength(1);
    await clock.advanceAsync(settleTime);
    expect(used).toHaveLength(2);
  });

  it('made by another replica is taken up', async () => {
    const cluster = configured();
    const clock = manualClock();
    const [a, b] = [world(cluster, clock), world(cluster, clock)];
    await a.keep();
    await b.keep();
    await clock.advanceAsync(21 * day);
    expect(a.used).toHaveLength(2);
    expect(b.used).toEqual(a.used);
  });
});

describe('trust', () => {
  it('that is not to be had yet is looked for again', async () => {
    const cluster = memoryObjects([configuration('MutatingWebhookConfiguration', 1), kinds.mutatingWebhook]);
    const { clock, used, keep } = world(cluster);
    await keep();
    expect(used).toHaveLength(1);
    await cluster.create(configuration('ValidatingWebhookConfiguration', 1), kinds.validatingWebhook);
    await clock.advanceAsync(retryTime);
    expect(new Set(await bundlesIn(cluster)).size).toBe(1);
    expect((await bundlesIn(cluster))[1]).toContain('BEGIN CERTIFICATE');
  });

  it('that fails at the start does not keep the webhook from serving', async () => {
    const { clock, used, failures, cluster, keep } = world();
    let broken = true;
    await keep({
      trust: (bundle) =>
        broken ? Promise.reject(new ClusterError('forbidden', 'no')) : trustAuthority(cluster, 'sluice', bundle),
    });
    expect([used.length, failures.length]).toEqual([1, 1]);
    broken = false;
    await clock.advanceAsync(retryTime);
    expect((await bundlesIn(cluster))[0]).toContain('BEGIN CERTIFICATE');
  });

  it('that somebody took away is put back when asked to look', async () => {
    const { cluster, keep } = world();
    const keeper = await keep();
    const ref = { gvk: kinds.mutatingWebhook, name: 'sluice' };
    const good = await bundlesIn(cluster);
    await cluster.patch(ref, { type: 'json', body: [{ op: 'remove', path: '/webhooks/1/clientConfig/caBundle' }] });
    await keeper.check();
    expect(await bundlesIn(cluster)).toEqual(good);
  });

  it('survives a change of the configuration in between', async () => {
    const cluster = configured();
    const ref = { gvk: kinds.mutatingWebhook, name: 'sluice' };
    cluster.beforeWrite(() => cluster.patch(ref, { type: 'json', body: [{ op: 'remove', path: '/webhooks/0' }] }));
    expect(await trustAuthority(cluster, 'sluice', 'pem')).toBe('changed');
    expect(await bundlesIn(cluster)).toEqual(Array(5).fill('pem'));
    expect(await trustAuthority(cluster, 'sluice', 'pem')).toBe('unchanged');
  });
});

describe('the store', () => {
  const secret = { gvk: kinds.secret, ...secretName };
  const damage = (cluster: MemoryObjects, data: Record<string, string>): Promise<unknown> =>
    cluster.fetch(secret).then((found) => cluster.replace({ ...found!, data } as KubeObject, kinds.secret));

  it.each<[string, (cluster: MemoryObjects) => Promise<unknown>]>([
    ['deleted', (cluster) => cluster.remove(secret)],
    ['emptied', (cluster) => damage(cluster, {})],
    [
      'garbled',
      (cluster) => damage(cluster, { 'tls.crt': 'eA==', 'tls.key': 'eA==', 'ca.crt': 'eA==', 'ca.key': 'eA==' }),
    ],
  ])('that is %s gets back what is in use: no new authority, nothing served anew', async (_how, harm) => {
    const { cluster, used, keep } = world();
    const told: string[] = [];
    const keeper = await keep({ restored: (what) => told.push(what) });
    const before = await storedIn(cluster);
    const trusted = await bundlesIn(cluster);
    await harm(cluster);
    await keeper.check();
    expect(await storedIn(cluster)).toEqual(before);
    expect(await bundlesIn(cluster)).toEqual(trusted);
    expect([used.length, told]).toEqual([1, ['certificate']]);
  });

  it('is restored by two replicas at the same time as by one', async () => {
    const cluster = configured();
    const [a, b] = [world(cluster), world(cluster)];
    const keepers = [await a.keep(), await b.keep()];
    const before = await storedIn(cluster);
    await cluster.remove(secret);
    await Promise.all(keepers.map((keeper) => keeper.check()));
    expect(await storedIn(cluster)).toEqual(before);
    expect([...a.used, ...b.used]).toHaveLength(2);
  });

  it('that somebody has given another authority is followed, and ours stays trusted', async () => {
    const [ours, theirs] = [world(), world(configured(), manualClock(Date.UTC(2026, 0, 1) + 1000))];
    const keeper = await ours.keep();
    await theirs.keep();
    const [mine, foreign] = [await storedIn(ours.cluster), await storedIn(theirs.cluster)];
    await ours.cluster.remove(secret);
    await secretStore(ours.cluster, secretName).save(foreign, undefined);
    const checked = keeper.check();
    await ours.clock.advanceAsync(settleTime);
    await checked;
    expect(ours.used.at(-1)).toEqual(foreign.serving);
    const both = [foreign.authority.cert, mine.authority.cert].flatMap(certificatesIn).join('');
    expect(new Set(await bundlesIn(ours.cluster))).toEqual(new Set([both]));
  });
});

it('a configuration that is made later is not taken for one that somebody has changed', async () => {
  const { cluster, keep } = world(
    memoryObjects([configuration('MutatingWebhookConfiguration', 2), kinds.mutatingWebhook]),
  );
  const told: string[] = [];
  const keeper = await keep({ restored: (what) => told.push(what) });
  await cluster.create(configuration('ValidatingWebhookConfiguration', 4), kinds.validatingWebhook);
  await keeper.check();
  expect((await bundlesIn(cluster)).filter((bundle) => bundle !== '')).toHaveLength(6);
  expect(told).toEqual([]);
});

describe('somebody who keeps undoing what is put in order', () => {
  const ref = { gvk: kinds.mutatingWebhook, name: 'sluice' };
  const undo = { type: 'json', body: [{ op: 'remove', path: '/webhooks/1/clientConfig/caBundle' }] } as const;

  it('is answered at once, then ever more slowly, and never given up on', async () => {
    const { clock, cluster, keep } = world();
    const keeper = await keep();
    const repairs = (): number => (cluster.writes.filter((w) => w.startsWith('patch')).length - 2) / 2;
    const fight = async (rounds: number): Promise<void> => {
      for (let i = 0; i < rounds; i += 1) {
        if ((await bundlesIn(cluster))[1] !== '') await cluster.patch(ref, undo);
        await keeper.check();
        await clock.advanceAsync(500);
      }
    };
    await fight(5);
    expect(repairs()).toBe(5);
    await fight(60);
    expect(repairs()).toBeLessThan(11);
    await clock.advanceAsync(60_000);
    expect((await bundlesIn(cluster))[1]).toContain('BEGIN CERTIFICATE');
    await clock.advanceAsync(600_000);
    const before = repairs();
    await fight(3);
    expect(repairs()).toBe(before + 3);
  });
});

describe('a replica whose clock is wrong', () => {
  const wrong = (clock: ManualClock, ahead: number): Clock => ({
    now: () => clock.now() + ahead,
    after: (delay, run) => clock.after(delay, run),
  });
  /** A store behind an API server with a correct clock, which its responses report. */
  const heard = (store: CertificateStore, truth: ManualClock, clock: ServerClock, ahead: number): CertificateStore => ({
    load: () => {
      clock.heard(new Date(truth.now()).toUTCString(), truth.now() + ahead);
      return store.load();
    },
    save: (...args) => store.save(...args),
  });

  it.each([400 * day, -400 * day, 25 * day])(
    'by %s ms makes certificates that are valid, and leaves those of others alone',
    async (ahead) => {
      const cluster = configured();
      const truth = manualClock();
      const clock = serverClock(wrong(truth, ahead));
      const [skewed, right] = [world(cluster, truth), world(cluster, truth)];
      await skewed.keep({ clock, store: heard(secretStore(cluster, secretName), truth, clock, ahead) });
      expect(due(await storedIn(cluster), names, truth.now())).toBe('nothing');
      await right.keep();
      expect(right.used).toEqual(skewed.used);
      await cluster.remove({ gvk: kinds.secret, ...secretName });
      await Promise.all(keepers.map((keeper) => keeper.check()));
      const writes = cluster.writes.length;
      for (let i = 0; i < 5; i += 1) await Promise.all(keepers.map((keeper) => keeper.check()));
      expect([cluster.writes.length, right.used.length, skewed.used.length]).toEqual([writes, 1, 1]);
      await truth.advanceAsync(21 * day);
      expect(due(await storedIn(cluster), names, truth.now())).toBe('nothing');
      expect([right.used.length, skewed.used.length]).toEqual([2, 2]);
    },
  );

  it('would fight without that', async () => {
    const cluster = configured();
    const truth = manualClock();
    const [skewed, right] = [world(cluster, truth), world(cluster, truth)];
    await skewed.keep({ clock: wrong(truth, 400 * day) });
    expect(due(await storedIn(cluster), names, truth.now())).toBe('authority');
    await right.keep();
    expect(right.used).not.toEqual(skewed.used);
  });
});

describe('the keeper', () => {
  it('looks once more when it was asked during a look', async () => {
    const { keep } = world();
    let looks = 0;
    const keeper = await keep({ trust: () => Promise.resolve((looks += 1) > 0 ? 'unchanged' : 'missing') });
    await Promise.all([keeper.check(), keeper.check(), keeper.check()]);
    expect(looks).toBe(3);
  });

  it('does nothing any more once it is stopped', async () => {
    const { clock, used, keep } = world();
    const keeper = await keep();
    keeper.stop();
    await clock.advanceAsync(40 * day);
    expect(used).toHaveLength(1);
    expect(clock.waiting()).toEqual([]);
  });
});

describe.each<[string, () => CertificateStore]>([
  ['memory', memoryStore],
  ['Secret', () => secretStore(memoryObjects(), secretName)],
])('the %s store', (_name, make) => {
  const material = (name: string): Material => ({
    authority: { cert: `${name} ca`, key: 'k' },
    serving: { cert: name, key: 'k' },
  });

  it('gives back what was saved', async () => {
    const store = make();
    const { version, material: nothing } = await store.load();
    expect(nothing).toBeUndefined();
    expect(await store.save({ ...material('a'), previous: 'p' }, version)).toBe('saved');
    expect((await store.load()).material).toEqual({ ...material('a'), previous: 'p' });
  });

  it('forgets a previous authority that is no longer one', async () => {
    const store = make();
    await store.save({ ...material('a'), previous: 'p' }, (await store.load()).version);
    await store.save(material('b'), (await store.load()).version);
    expect((await store.load()).material).toEqual(material('b'));
  });

  it('takes only one of two that saw the same', async () => {
    const store = make();
    const { version } = await store.load();
    expect(await store.save(material('a'), version)).toBe('saved');
    expect(await store.save(material('b'), version)).toBe('lost');
    expect((await store.load()).material).toEqual(material('a'));
    const seen = (await store.load()).version;
    expect(await store.save(material('c'), seen)).toBe('saved');
    expect(await store.save(material('d'), seen)).toBe('lost');
  });
});
