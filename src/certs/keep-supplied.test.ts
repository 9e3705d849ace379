import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { memoryObjects, type MemoryObjects } from '../../test/support/memory-objects.ts';
import { intermediate } from '../../test/support/tls.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { manualClock, type ManualClock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import { issueServing, makeAuthority, type Credential } from './authority.ts';
import { retryTime, settleTime, type Keeper } from './keep-certificates.ts';
import { keepSupplied, type SuppliedOptions } from './keep-supplied.ts';
import { newPrivateKey } from './key-pair.ts';
import { certificatesIn } from './material.ts';
import { comesFrom, inspect, type SuppliedFiles } from './supplied.ts';
import { trustAuthority, trustedAuthorities } from './trust.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const name = 'sluice-webhook.sluice-system.svc';
const names = { dnsNames: [name], ips: [] };

let keys: readonly string[];
let authority: Credential;
let other: Credential;
beforeAll(async () => {
  keys = await Promise.all(Array.from({ length: 5 }, newPrivateKey));
  authority = makeAuthority({ key: keys[0] ?? '', now: start, days: 300 });
  other = makeAuthority({ key: keys[1] ?? '', now: start, days: 300 });
}, 60_000);

const keepers: Keeper[] = [];
afterEach(() => keepers.splice(0).forEach((keeper) => keeper.stop()));

type Made = {
  readonly by?: Credential;
  readonly dnsNames?: readonly string[];
  readonly now?: number;
  readonly key?: string;
};
const files = ({ by = authority, dnsNames = [name], now = start, key = keys[2] ?? '' }: Made = {}): SuppliedFiles => {
  const made = issueServing({ authority: by, key, now, days: 30, dnsNames, ips: [] });
  return { 'tls.crt': made.cert, 'tls.key': made.key, 'ca.crt': by.cert };
};

describe('what was supplied', () => {
  const problemsOf = (given: SuppliedFiles, now = start): readonly string[] => {
    const found = inspect(given, names, now);
    return found.ok ? [] : found.problems;
  };

  it.each<[string, () => readonly string[], readonly string[]]>([
    ['is good', () => problemsOf(files()), []],
    ['is good without an authority', () => problemsOf({ ...files(), 'ca.crt': '' }), []],
    ['is good among several authorities', () => problemsOf({ ...files(), 'ca.crt': other.cert + authority.cert }), []],
    ['is good as its own authority', () => problemsOf({ ...files(), 'ca.crt': files()['tls.crt'] ?? '' }), []],
    ['has no certificate', () => problemsOf({}), ['tls.crt is missing']],
    [
      'has nonsense for a certificate',
      () => problemsOf({ ...files(), 'tls.crt': 'x' }),
      ['tls.crt is not a certificate in PEM'],
    ],
    ['has no key', () => problemsOf({ ...files(), 'tls.key': '' }), ['tls.key is missing']],
    [
      'has nonsense for a key',
      () => problemsOf({ ...files(), 'tls.key': 'x' }),
      ['tls.key is not a private key in PEM without a passphrase'],
    ],
    [
      "has another one's key",
      () => problemsOf({ ...files(), 'tls.key': keys[3] ?? '' }),
      ['tls.key is not the key of tls.crt'],
    ],
    [
      'is for another name',
      () => problemsOf(files({ dnsNames: ['web.shop.svc'] })),
      [`tls.crt is not for ${name} but for DNS:web.shop.svc`],
    ],
    [
      'comes from another authority',
      () => problemsOf({ ...files(), 'ca.crt': other.cert }),
      ['tls.crt does not come from an authority in ca.crt'],
    ],
    [
      'has nonsense for an authority',
      () => problemsOf({ ...files(), 'ca.crt': 'x' }),
      ['ca.crt is not certificates in PEM'],
    ],
    ['has expired', () => problemsOf(files(), start + 31 * day), ['tls.crt expired on 2026-01-31T00:00:00.000Z']],
    [
      'is for the future',
      () => problemsOf(files(), start - day),
      ['tls.crt is not valid before 2025-12-31T23:00:00.000Z'],
    ],
    [
      'has several faults, all of which are told',
      () => problemsOf({ 'tls.crt': files({ dnsNames: ['a.b.svc'] })['tls.crt'] ?? '' }, start + 31 * day),
      [
        'tls.key is missing',
        `tls.crt is not for ${name} but for DNS:a.b.svc`,
        'tls.crt expired on 2026-01-31T00:00:00.000Z',
      ],
    ],
  ])('%s', (_case, problems, expected) => expect(problems()).toEqual(expected));

  it('may come from an authority by way of others that it brings along', () => {
    const middle = intermediate(authority, keys[4] ?? '', 'middle');
    const leaf = issueServing({
      authority: middle,
      key: keys[2] ?? '',
      now: start,
      days: 30,
      dnsNames: [name],
      ips: [],
    });
    expect(comesFrom(leaf.cert, authority.cert)).toBe(false);
    expect(comesFrom(leaf.cert + middle.cert, authority.cert)).toBe(true);
    expect(comesFrom(leaf.cert + middle.cert, other.cert)).toBe(false);
  });
});

type World = {
  readonly clock: ManualClock;
  readonly cluster: MemoryObjects;
  readonly used: Credential[];
  readonly told: (string | undefined)[];
  readonly failures: unknown[];
  put(next: SuppliedFiles | undefined): void;
  readonly bundles: () => Promise<readonly string[]>;
  keep(more?: Partial<SuppliedOptions>): Promise<Keeper>;
};
const configuration = (kind: string): KubeObject =>
  ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'sluice' },
    webhooks: [{ name: 'a', clientConfig: {} }],
  }) as KubeObject;
const world = (first: SuppliedFiles | undefined): World => {
  const clock = manualClock(start);
  const cluster = memoryObjects(
    [configuration('MutatingWebhookConfiguration'), kinds.mutatingWebhook],
    [configuration('ValidatingWebhookConfiguration'), kinds.validatingWebhook],
  );
  const [used, told, failures]: [Credential[], (string | undefined)[], unknown[]] = [[], [], []];
  let supplied = first;
  return {
    clock,
    cluster,
    used,
    told,
    failures,
    put: (next) => (supplied = next),
    bundles: () => trustedAuthorities(cluster, 'sluice'),
    keep: async (more = {}) => {
      const keeper = await keepSupplied({
        load: () => Promise.resolve(supplied),
        names,
        clock,
        trust: { by: 'us', publish: (bundle, spare) => trustAuthority(cluster, 'sluice', bundle, spare) },
        use: (credential) => used.push(credential),
        failed: (error) => failures.push(error),
        trouble: (reason) => told.push(reason),
        ...more,
      });
      keepers.push(keeper);
      return keeper;
    },
  };
};
const checked = async ({ clock }: World, keeper: Keeper): Promise<void> => {
  const done = keeper.check();
  await clock.advanceAsync(settleTime);
  await done;
};
const pem = (...authorities: readonly Credential[]): string =>
  authorities.flatMap(({ cert }) => certificatesIn(cert)).join('');

describe('a supplied certificate', () => {
  it('is used and its authority trusted', async () => {
    const w = world(files());
    const keeper = await w.keep();
    expect(w.used.map(({ cert }) => cert)).toEqual([files()['tls.crt']]);
    expect(new Set(await w.bundles())).toEqual(new Set([pem(authority)]));
    expect([keeper.ready(), w.told]).toEqual([true, []]);
  });

  it('is waited for: readiness says what is missing', async () => {
    const w = world(undefined);
    const keeper = await w.keep();
    expect([keeper.ready(), w.used]).toEqual(['the Secret is not there', []]);
    w.put({ 'tls.crt': 'x' });
    await checked(w, keeper);
    expect(keeper.ready()).toBe('tls.crt is not a certificate in PEM');
    w.put(files());
    await checked(w, keeper);
    expect([keeper.ready(), w.used.length]).toEqual([true, 1]);
    expect(w.told).toEqual(['the Secret is not there', 'tls.crt is not a certificate in PEM', undefined]);
  });

  it.each<[string, () => SuppliedFiles | undefined, string]>([
    ['deleted', () => undefined, 'the Secret is not there'],
    ['replaced by nonsense', () => ({ 'tls.crt': 'x' }), 'tls.crt is not a certificate in PEM'],
    [
      'replaced by one for another name',
      () => files({ dnsNames: ['a.b.svc'] }),
      `tls.crt is not for ${name} but for DNS:a.b.svc`,
    ],
  ])('that is %s stays in use, which is told', async (_how, next, why) => {
    const w = world(files());
    const keeper = await w.keep();
    const before = await w.bundles();
    w.put(next());
    await checked(w, keeper);
    expect([keeper.ready(), w.used.length]).toEqual([true, 1]);
    expect(w.told).toEqual([`${why}; the previous certificate stays in use`]);
    expect(await w.bundles()).toEqual(before);
    w.put(files());
    await checked(w, keeper);
    expect([w.told.at(-1), w.used.length]).toEqual([undefined, 1]);
  });

  it('that nobody renews is no longer ready when it expires', async () => {
    const w = world(files());
    const keeper = await w.keep();
    await w.clock.advanceAsync(29 * day);
    expect(keeper.ready()).toBe(true);
    await w.clock.advanceAsync(day);
    expect(keeper.ready()).toBe('tls.crt expired on 2026-01-31T00:00:00.000Z');
  });

  it('for the future is used from its first moment on', async () => {
    const w = world(files({ now: start + 2 * day }));
    const keeper = await w.keep();
    expect(keeper.ready()).toContain('is not valid before');
    await w.clock.advanceAsync(2 * day);
    expect([keeper.ready(), w.used.length]).toEqual([true, 1]);
  });

  it('of another authority is shown when that is trusted, and the one before is trusted a while longer', async () => {
    const w = world(files());
    const keeper = await w.keep();
    await w.clock.advanceAsync(120_000);
    w.put(files({ by: other, key: keys[3] ?? '' }));
    const done = keeper.check();
    await w.clock.advanceAsync(settleTime - 1);
    expect([w.used.length, new Set(await w.bundles())]).toEqual([1, new Set([pem(other, authority)])]);
    await w.clock.advanceAsync(1);
    await done;
    expect(w.used).toHaveLength(2);
    await w.clock.advanceAsync(50_000);
    expect(new Set(await w.bundles())).toEqual(new Set([pem(other, authority)]));
    await w.clock.advanceAsync(10_000);
    expect(new Set(await w.bundles())).toEqual(new Set([pem(other)]));
  });

  it('leaves the authorities of a change-over that is under way to those who began it', async () => {
    const w = world(files());
    await trustAuthority(w.cluster, 'sluice', pem(other, authority));
    await w.keep();
    expect(new Set(await w.bundles())).toEqual(new Set([pem(other, authority)]));
    await w.clock.advanceAsync(60_000);
    expect(new Set(await w.bundles())).toEqual(new Set([pem(authority)]));
  });

  it('survives an API server that is away', async () => {
    const w = world(files());
    let away = true;
    const load = (): Promise<SuppliedFiles> =>
      away ? Promise.reject(new ClusterError('unreachable', 'no')) : Promise.resolve(files());
    const keeper = await w.keep({ load });
    expect([keeper.ready(), w.failures.length]).toEqual(['there is no certificate yet', 1]);
    away = false;
    await w.clock.advanceAsync(retryTime);
    expect([keeper.ready(), w.used.length]).toEqual([true, 1]);
  });
});

describe('where somebody else looks after the trust', () => {
  const others = (w: World): Partial<SuppliedOptions> => ({ trust: { by: 'others', read: w.bundles } });
  const inject = (w: World, ...authorities: readonly Credential[]): Promise<unknown> =>
    trustAuthority(w.cluster, 'sluice', pem(...authorities));

  it('nothing is written', async () => {
    const w = world(files());
    const keeper = await w.keep(others(w));
    await w.clock.advanceAsync(day);
    expect([w.cluster.writes, keeper.ready(), w.used.length]).toEqual([[], true, 1]);
  });

  it('a certificate of another authority waits until that is trusted', async () => {
    const w = world(files());
    await inject(w, authority);
    const keeper = await w.keep(others(w));
    w.put(files({ by: other, key: keys[3] ?? '' }));
    await checked(w, keeper);
    expect([w.used.length, w.told]).toEqual([1, ['API servers do not trust the authority of the new certificate yet']]);
    await inject(w, other);
    // At once, because the previous certificate is no longer accepted.
    await keeper.check();
    expect([w.used.length, w.told.at(-1), keeper.ready()]).toEqual([2, undefined, true]);
  });

  it('a certificate waits a moment for API servers that still accept the one before', async () => {
    const w = world(files());
    await inject(w, authority);
    const keeper = await w.keep(others(w));
    w.put(files({ by: other, key: keys[3] ?? '' }));
    await inject(w, authority, other);
    const done = keeper.check();
    await w.clock.advanceAsync(settleTime - 1);
    expect(w.used).toHaveLength(1);
    await w.clock.advanceAsync(1);
    await done;
    expect(w.used).toHaveLength(2);
  });

  it('but not beyond the end of the one in use', async () => {
    const w = world(files());
    await inject(w, authority);
    const keeper = await w.keep(others(w));
    w.put(files({ by: other, key: keys[3] ?? '', now: start + 20 * day }));
    await w.clock.advanceAsync(29 * day);
    await checked(w, keeper);
    expect(w.used).toHaveLength(1);
    await w.clock.advanceAsync(day + settleTime);
    expect([w.used.length, keeper.ready()]).toEqual([2, true]);
  });
});
